// PublishedList: what the last published playlist holds, to say what a new one adds and removes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/catalog/key_set.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// Channels are recognised by the address that was written. Not thread-safe.
class PublishedList {
 public:
  /// Reads the playlist at `path`; a file that is not there gives a list that is not known().
  /// Where memory is short, channels are counted but not compared. Errors: kIo, kCancelled,
  /// kOverBudget (not even a chunk of the file fits).
  static Result<PublishedList> read(const std::filesystem::path& path, const RunContext& context);

  /// Whether there is a last list, so that previous() is its number of channels.
  [[nodiscard]] bool known() const { return known_; }
  /// Whether added() and removed() can be told.
  [[nodiscard]] bool comparable() const { return counter_ != nullptr; }
  /// Takes the addresses of newly written entries into account.
  void compare(std::span<const std::uint64_t> url_keys);
  [[nodiscard]] std::uint64_t previous() const { return previous_; }
  [[nodiscard]] std::uint64_t added() const { return added_; }
  [[nodiscard]] std::uint64_t removed() const { return counter_ ? counter_->left() : 0; }

 private:
  void add(std::string_view url);

  std::unique_ptr<catalog::KeyCounter> counter_;
  bool known_ = false;
  std::uint64_t previous_ = 0;
  std::uint64_t added_ = 0;
};

}  // namespace m3u_proxy::pipeline
