// XMLTV splitter: finds the children of `<tv>` in a stream of bytes, so that each can be looked at
// by itself, on any thread. It refuses what is no guide and survives what is damaged.
//
// Only boundaries are judged here, and in passing the markup of ordinary elements; whether any
// other is well-formed is XmltvChecker's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/formats/xmltv_ordinary.hpp>

namespace m3u_proxy::formats {

/// A complete element inside the window that was given to split().
struct XmltvSpan {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  XmltvKind kind = XmltvKind::kProgramme;
  /// It was found to be ordinary: XmltvChecker has nothing to do if the window is good UTF-8, and
  /// its tag is known.
  bool ordinary = false;
  OrdinaryTag tag{};  ///< positions count from begin
};

/// Cuts one source (UTF-8) in order. Not thread-safe. Costs one pass over the bytes, whatever the
/// size of the windows, and gives the same elements for all of them.
class XmltvSplitter {
 public:
  /// Larger elements are a counted skip; a window a little larger than this is always enough.
  static constexpr std::size_t kMaxElement = std::size_t{16} << 20U;

  enum class Input : std::uint8_t { kMore, kEnd };

  /// Looks at `window`: the bytes from position() on. Appends the elements that are complete and
  /// returns how many bytes are done with; the next window begins there. When that is 0 and there
  /// is more input, the next window has to be larger. Problems get absolute byte positions.
  /// Error: kParse when this is no guide; nothing more can be split then.
  Result<std::size_t> split(std::string_view window, Input input,
                            std::pmr::vector<XmltvSpan>& elements, ProblemLog& problems);

  /// Bytes done with so far: where the next window begins.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// The `date` attribute of `<tv>`, as written; "" when there is none.
  [[nodiscard]] const std::string& date() const { return date_; }
  /// After Input::kEnd: the document broke off before its end.
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  enum class State : std::uint8_t { kProlog, kBody, kAfterEnd, kIgnore };
  enum class Step : std::uint8_t { kDone, kNeedMore };
  /// The search for the end of the element that begins at at_; goes on in the next window.
  struct Search {
    bool active = false;
    bool in_start_tag = true;
    bool too_large = false;         ///< its beginning is gone already
    char quote = '\0';              ///< of the attribute value the search is in
    std::string_view terminator{};  ///< of the comment, CDATA section … the search is in
    std::size_t offset = 0;         ///< from the element's '<'
    std::size_t depth = 1;          ///< open elements of this name
    std::string name{};
  };
  enum class Found : std::uint8_t { kEnd, kBroken, kNeedMore };

  Result<Step> step(std::pmr::vector<XmltvSpan>& elements, ProblemLog& problems);
  Result<Step> prolog(ProblemLog& problems);
  Result<Step> junk(ProblemLog& problems);
  Result<Step> doctype(ProblemLog& problems);
  Result<Step> root(ProblemLog& problems);
  Step body(std::pmr::vector<XmltvSpan>& elements, ProblemLog& problems);
  Step after_end(ProblemLog& problems);
  void ordinary_elements(std::pmr::vector<XmltvSpan>& elements);
  void stray_text(std::string_view text, ProblemLog& problems);
  Step end_tag(ProblemLog& problems);
  Step element(std::pmr::vector<XmltvSpan>& elements, ProblemLog& problems);
  Step element_goes_on(ProblemLog& problems);
  Found search_start_tag(std::string_view element);
  Found search_end(std::string_view element);
  Found search_tag(std::string_view tag);
  Found search_terminator(std::string_view element);
  bool begin_skip();
  Step skip();
  void finish(ProblemLog& problems);
  [[nodiscard]] Error not_a_guide() const;
  [[nodiscard]] std::string_view rest() const { return window_.substr(at_); }
  [[nodiscard]] std::uint64_t here() const { return position_ + at_; }

  State state_ = State::kProlog;
  Input input_ = Input::kMore;
  std::string_view window_;
  std::size_t at_ = 0;  // in the window
  std::uint64_t position_ = 0;
  bool first_document_ = true;
  bool truncated_ = false;
  bool in_stray_text_ = false;
  std::string_view skip_terminator_;  // of the comment or instruction between elements
  Search search_;
  OrdinaryElements ordinary_;
  std::string head_;  // the first words, for messages
  std::string date_;
};

}  // namespace m3u_proxy::formats
