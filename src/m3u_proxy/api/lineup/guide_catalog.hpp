// GuideCatalog: the channels of a proxy's guides, all of them, as files that are looked through.
//
// Such a file is made when somebody first asks about a guide as it was fetched last, by one thread,
// and kept until the guide is another one. Memory: a few bytes a channel, under the Budget.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/work_pool.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/snapshots/guide_channel_file.hpp>

namespace m3u_proxy::api {

/// Thread-safe.
class GuideCatalog {
 public:
  /// The context outlives it.
  explicit GuideCatalog(const ApiContext& context);
  ~GuideCatalog();
  GuideCatalog(const GuideCatalog&) = delete;
  GuideCatalog& operator=(const GuideCatalog&) = delete;

  struct Guide {
    std::string source{};
    std::shared_ptr<const snapshots::GuideChannelFile> channels{};
  };
  struct Guides {
    std::vector<Guide> all{};
    bool is_whole = true;  ///< false: some are still being read
  };
  /// How long a question waits for guides that are being read.
  struct Patience {
    enum class From : std::uint8_t {
      kQuestion,
      kReading,  ///< when the reading began: of many questions only the first ones wait
    };
    std::chrono::milliseconds time{};
    From from = From::kQuestion;
  };
  /// The guides of a proxy's EPG sources in their order, those that are there within `patience`.
  /// Problems: 404; of the store.
  Outcome<Guides> of(const Uuid& proxy, const Patience& patience,
                     const std::function<bool()>& gone);

 private:
  struct Wanted {
    const jobs::ProxyEntry* proxy = nullptr;  ///< of the model, as the source
    const jobs::SourceEntry* source = nullptr;
    std::filesystem::path path{};
  };
  using Moment = std::chrono::steady_clock::time_point;
  Outcome<std::vector<Wanted>> wanted_of(const jobs::Model& model,
                                         const jobs::ProxyEntry& proxy) const;
  Result<std::shared_ptr<const snapshots::GuideChannelFile>> open(const Wanted& wanted) const;
  void begin(const std::shared_ptr<const jobs::Model>& model, const Wanted& wanted);
  void wait_for(const Wanted& wanted, const Patience& patience, Moment asked,
                const std::function<bool()>& gone);
  void make(const jobs::Model& model, const Wanted& wanted);
  Result<> write(const jobs::Model& model, const Wanted& wanted) const;
  void delete_others(const jobs::Model& model, const Wanted& kept) const;

  const ApiContext& context_;
  std::filesystem::path folder_;
  CancelToken stopping_;
  std::mutex mutex_;  // of what follows
  std::condition_variable made_;
  std::map<std::filesystem::path, Moment> being_made_;  // and since when
  WorkPool pool_;
};

}  // namespace m3u_proxy::api
