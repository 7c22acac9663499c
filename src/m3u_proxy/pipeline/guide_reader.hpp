// GuideReader: reads one EPG source piece by piece and hands out windows with the elements that
// are complete in them. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/io/transcode.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::pipeline {

/// A piece of a source and the elements in it.
struct GuideWindow {
  explicit GuideWindow(std::pmr::memory_resource* memory) : elements(memory) {}

  memory::Slab slab;
  std::string_view text;       ///< in the slab
  std::uint64_t position = 0;  ///< of the text in the source
  std::pmr::vector<formats::XmltvSpan> elements;
  ProblemLog problems;  ///< positions are absolute
  std::string date;     ///< of the guide, as far as it is read; as it stands, "" when it has none
};

class GuideReader {
 public:
  /// `source` is inflated; any encoding that XML can declare. `window_bytes`: the usual window.
  GuideReader(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs,
              std::size_t window_bytes);

  /// Fills `window` with what comes next; false after the end. A source that breaks off gives
  /// what is complete. Errors: kParse when it is no guide; that of the source when it failed
  /// before anything could be used; kOverBudget, kCancelled whenever they occur.
  Result<bool> next(GuideWindow& window);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< inflated, so far
  [[nodiscard]] std::uint64_t consumed() const { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> stored_size() const { return source_->size(); }
  /// After the end: whether something is missing, and why (or what else is worth knowing).
  [[nodiscard]] bool partial() const { return splitter_.truncated() || read_error_.has_value(); }
  [[nodiscard]] std::string note() const;

 private:
  Result<> fill(memory::Slab& slab, std::size_t& size);
  Result<> enlarge(memory::Slab& slab, std::size_t size, std::size_t at_least);

  memory::SlabPool* slabs_;
  std::unique_ptr<io::TextSource> source_;
  std::size_t window_bytes_;
  formats::XmltvSplitter splitter_;
  memory::Slab carry_;  // what the last window could not use
  std::size_t carry_size_ = 0;
  std::uint64_t bytes_ = 0;
  bool at_end_ = false;
  bool done_ = false;
  std::optional<Error> read_error_;
};

}  // namespace m3u_proxy::pipeline
