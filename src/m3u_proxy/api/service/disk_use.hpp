// DiskUse: how much of its disk a folder takes, measured now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>

namespace m3u_proxy::api {

/// Thread-safe.
class DiskUse {
 public:
  /// A measurement is good for so long: it looks at every file.
  static constexpr std::chrono::seconds kGood{60};

  using Moment = std::chrono::steady_clock::time_point;
  explicit DiskUse(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Bytes of the disk that its files take, those with several names once; nullopt: the folder
  /// cannot be read. Who asks first after kGood measures, the others get what was known before.
  std::optional<std::uint64_t> used(Moment now = std::chrono::steady_clock::now());

 private:
  [[nodiscard]] std::optional<std::uint64_t> measure() const;

  std::filesystem::path folder_;
  std::mutex mutex_;  // of what follows
  std::optional<std::uint64_t> used_;
  std::optional<Moment> measured_;
};

}  // namespace m3u_proxy::api
