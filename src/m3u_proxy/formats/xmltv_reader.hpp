// XMLTV reader: looks into one element of a guide (`<channel>` or `<programme>`), checks that it
// is well-formed XML and repairs what guides are known to get wrong, without building a tree.
//
// A clean element is never copied: check() gives back the view it was given. Follows XML 1.0; what
// is repaired is in behaviour.md §6 and docs/formats.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/problems.hpp>

namespace m3u_proxy::formats {

struct XmltvAttribute {
  std::string_view name;
  std::string_view value;  ///< as it stands, between the quotes
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

/// Checks elements and repairs them. Reuses its buffers; not thread-safe, one per worker.
class XmltvChecker {
 public:
  static constexpr std::size_t kMaxDepth = 100;

  /// Repaired text is kept in memory of `memory`, which may throw (memory::OverBudget).
  explicit XmltvChecker(std::pmr::memory_resource* memory) : bytes_(memory), repaired_(memory) {}

  /// Whether check() may skip looking at single bytes: `text` is valid UTF-8 without characters
  /// that XML forbids. Asked once for a whole chunk.
  static bool has_clean_bytes(std::string_view text);

  /// The element as well-formed UTF-8 XML: `element` itself when nothing was wrong, else a
  /// repaired copy that stays valid until the next call. Repairs are counted in `problems`.
  /// nullopt when it is beyond repair: then one skip is counted. `byte`: where it starts in the
  /// source; `clean_bytes`: what has_clean_bytes() said about it.
  std::optional<std::string_view> check(std::string_view element, bool clean_bytes,
                                        ProblemLog& problems, std::uint64_t byte);

 private:
  enum class Repair : std::uint8_t {
    kBareAmpersand,
    kUnknownEntity,
    kHtmlEntity,
    kCharacterReference,
    kBareLessThan,
    kBareCdataEnd,
    kMissingSpace,
    kControlCharacter,
    kInvalidUtf8,
  };
  static constexpr std::size_t kRepairs = 9;

  std::string_view clean_bytes(std::string_view element);
  bool walk();
  bool walk_markup();
  bool walk_start_tag();
  bool walk_attribute();
  bool walk_attribute_value(char quote);
  bool walk_end_tag();
  bool walk_comment();
  bool walk_cdata();
  bool walk_instruction();
  bool walk_text();
  void walk_reference();
  const char* skip_name(const char* p) const;
  void replace(const char* from, const char* to, std::string_view with, Repair repair);
  bool broken(std::string_view reason);
  void report(ProblemLog& problems, std::uint64_t byte, std::string_view element) const;

  const char* p_ = nullptr;       // where the walk is
  const char* end_ = nullptr;     // end of the element
  const char* copied_ = nullptr;  // up to here the text is in repaired_, once there is a repair
  std::size_t depth_ = 0;
  std::string_view broken_reason_;
  std::string_view attribute_name_;  // the last one seen
  bool any_repair_ = false;
  std::array<std::uint64_t, kRepairs> repairs_{};
  std::array<std::string_view, kMaxDepth> open_;
  std::pmr::string bytes_;     // the element with its bytes cleaned
  std::pmr::string repaired_;  // the element with its markup repaired
};

}  // namespace m3u_proxy::formats
