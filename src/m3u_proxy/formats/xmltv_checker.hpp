// XMLTV checker: whether one element of a guide is well-formed XML; what guides are known to get
// wrong is repaired.
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

/// Checks elements and repairs them. Reuses its buffers; not thread-safe, one per worker.
class XmltvChecker {
 public:
  static constexpr std::size_t kMaxDepth = 100;

  /// Repaired text is kept in memory of `memory`, which may throw (memory::OverBudget).
  explicit XmltvChecker(std::pmr::memory_resource* memory) : bytes_(memory), repaired_(memory) {}

  /// Whether check() may skip looking at single bytes: `text` is valid UTF-8 without characters
  /// that XML forbids. Asked once for a whole chunk.
  static bool has_clean_bytes(std::string_view text);
  /// The same without its judgement of control characters in ASCII.
  static bool is_clean_utf8(std::string_view text);

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
  bool is_new_attribute(const char* begin, const char* attribute);
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
