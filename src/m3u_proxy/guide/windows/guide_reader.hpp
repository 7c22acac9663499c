// GuideReader: one EPG source as a row of windows.
//
// Splitting is a step of its own (GuideSplitter), so that reading and inflating go on while the
// window before is split. Used by one thread at a time, the windows in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <m3u_proxy/guide/windows/guide_window.hpp>
#include <m3u_proxy/io/transcode.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

class GuideReader {
 public:
  /// `source` is inflated; any encoding that XML can declare. `window_bytes`: the usual window.
  GuideReader(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs,
              std::size_t window_bytes);

  /// Fills `window` with what comes next; false after the last one. A source that breaks off ends
  /// there, see error(). Errors: those that end the job.
  Result<bool> read(GuideWindow& window);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< inflated, so far
  [[nodiscard]] std::uint64_t consumed() const { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> stored_size() const { return source_->size(); }
  /// After the last window: why the source broke off.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// What else is worth knowing about it; "" for nothing.
  [[nodiscard]] std::string_view note() const { return source_->note(); }

 private:
  Result<std::size_t> fill(char* to, std::size_t size);

  memory::SlabPool* slabs_;
  std::unique_ptr<io::TextSource> source_;
  std::size_t window_bytes_;
  std::uint64_t bytes_ = 0;
  bool at_end_ = false;
  std::optional<Error> error_;
};

}  // namespace m3u_proxy::guide
