// XMLTV reader: looks into one element of a guide (`<channel>` or `<programme>`) without building
// a tree: its start tag, its children, the text they hold.
//
// What is read here has been through XmltvChecker, or is read leniently where it says so.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::formats {

struct XmltvAttribute {
  std::string_view name;
  std::string_view value;  ///< as written, between the quotes
};

/// A start tag taken apart; all views point into its text.
struct XmltvStartTag {
  static constexpr std::size_t kMaxAttributes = 64;

  std::string_view name;
  std::size_t size = 0;  ///< bytes from '<' to '>', both included
  std::size_t attribute_count = 0;
  bool self_closing = false;
  std::array<XmltvAttribute, kMaxAttributes> attributes;  // not initialised: it is on the hot path

  XmltvStartTag() {}  // NOLINT(modernize-use-equals-default): leaves `attributes` alone
  /// The attribute of this exact name; nullptr when there is none.
  [[nodiscard]] const XmltvAttribute* find(std::string_view attribute) const;
  /// Its value, "" when there is none.
  [[nodiscard]] std::string_view value(std::string_view attribute) const;
};

/// Takes the start tag at the beginning of `text` apart, leniently: no duplicates are looked for
/// and no names are checked. False when there is none or it does not end.
bool parse_start_tag(std::string_view text, XmltvStartTag& tag);

/// Appends the characters that `text` (element or attribute content) stands for: entity and
/// character references resolved as check() would, tags and comments left out, CDATA sections
/// opened.
void append_plain_text(std::pmr::string& out, std::string_view text);

/// One child element of a checked element.
struct XmltvChild {
  std::string_view name;
  std::string_view whole;    ///< from '<' to '>'
  std::string_view content;  ///< between its tags; empty for `<a/>`
};
/// The child elements of checked content, one after the other; text between them is passed over.
class XmltvChildren {
 public:
  explicit XmltvChildren(std::string_view content) : rest_(content) {}
  /// The next child; nullopt after the last.
  std::optional<XmltvChild> next();

 private:
  std::string_view rest_;
};
/// The first child of this name; nullopt when there is none.
std::optional<XmltvChild> first_child(std::string_view content, std::string_view name);

}  // namespace m3u_proxy::formats
