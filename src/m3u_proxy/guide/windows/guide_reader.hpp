// GuideReader and GuideSplitter: one EPG source as a row of windows, and the elements that are
// complete in each.
//
// They work in two steps so that reading and inflating go on while the window before is split.
// Each is used by one thread at a time, the windows in order.
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

namespace m3u_proxy::guide {

/// A piece of a source and the elements in it.
struct GuideWindow {
  explicit GuideWindow(std::pmr::memory_resource* memory) : elements(memory) {}

  memory::Slab slab;
  std::string_view text;  ///< in the slab
  bool last = false;      ///< nothing comes after it
  // From here on by the splitter:
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

class GuideSplitter {
 public:
  explicit GuideSplitter(memory::SlabPool& slabs) : slabs_(&slabs) {}

  /// Finds the elements of a window that GuideReader filled. What is not complete in it goes over
  /// to the next one. Errors: kParse when this is no guide, kOverBudget.
  Result<> split(GuideWindow& window);
  /// After the last window: the guide breaks off before its end.
  [[nodiscard]] bool truncated() const { return splitter_.truncated(); }

 private:
  Result<> put_before(GuideWindow& window);
  Result<> carry(GuideWindow& window, std::size_t used);

  memory::SlabPool* slabs_;
  formats::XmltvSplitter splitter_;
  memory::Slab carry_slab_;
  std::string_view carry_;  // in it
};

}  // namespace m3u_proxy::guide
