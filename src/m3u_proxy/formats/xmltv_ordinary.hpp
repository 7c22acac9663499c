// XMLTV ordinary elements: finds the end of an element and sees on the way that nothing in it
// needs a closer look, which is so for nearly all elements of nearly all guides.
//
// One pass instead of XmltvSplitter's search and XmltvChecker's walk. It judges more strictly than
// both: what it accepts, the one would cut there and the other give back as it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/formats/xmltv_index.hpp>

namespace m3u_proxy::formats {

enum class XmltvKind : std::uint8_t { kChannel, kProgramme };

/// What is known of the start tag of an ordinary element.
struct OrdinaryTag {
  /// An attribute's value as written; at 0 when the tag has no such attribute.
  struct Value {
    std::uint16_t at = 0;  ///< from the element's '<'
    std::uint16_t size = 0;
    [[nodiscard]] std::string_view in(std::string_view element) const {
      return element.substr(at, size);
    }
  };
  std::uint16_t size = 0;
  Value id{};  ///< of a programme its channel
  Value start{};
  Value stop{};
};

/// Keeps the tags it has seen, for guides repeat theirs. Not thread-safe.
class OrdinaryElements {
 public:
  /// The text that is looked at from now on, of less than 4 GB.
  void reset(std::string_view text);
  /// The size of the element of this kind whose '<' is at `at`, which must not go backwards, and
  /// its `tag`. 0: it has something that is out of the ordinary, or its end is not safely within
  /// the text. Whether its bytes are UTF-8 is not judged.
  std::size_t measure(std::size_t at, XmltvKind kind, OrdinaryTag& tag);

  static constexpr std::size_t kTagSize = 32;  ///< larger start tags are not kept

 private:
  static constexpr std::size_t kSlots = 64;
  /// A start tag that was found to be good.
  struct Tag {
    std::array<char, kTagSize> text{};
    std::uint8_t size = 0;  ///< 0: none
    std::uint8_t name_size = 0;
    bool self_closing = false;
  };
  /// A start tag at the place that is looked at.
  struct Start {
    const char* after = nullptr;  ///< nullptr: it is not ordinary
    std::size_t name_size = 0;
    bool self_closing = false;
  };
  Start start_tag(const char* p, std::size_t size);
  Start new_start_tag(const char* p, std::size_t size);
  std::size_t find_end(std::string_view name);
  bool pass_in_text(std::size_t at);
  Start root_tag(std::size_t at, XmltvKind kind, OrdinaryTag& tag) const;
  template <typename OnAttribute>
  static Start read_start_tag(const char* p, const char* end, const OnAttribute& on_attribute);

  std::string_view text_;
  MarkupIndex index_;
  std::array<Tag, kSlots> tags_{};
};

}  // namespace m3u_proxy::formats
