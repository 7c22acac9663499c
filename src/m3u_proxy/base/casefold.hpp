// Case folding: text compared without case, as expressions and guide matching need it.
//
// Unicode simple folding (statuses C and S of CaseFolding.txt, Unicode 15.0; the table comes from
// tools/make_casefold_table.py): one code point becomes one code point, never several, whatever
// the language. A folded text may be shorter than its original (U+212A KELVIN SIGN folds to "k").
// All functions are pure and thread-safe; bytes that are not valid UTF-8 stay as they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace m3u_proxy {

/// The simple folding of one code point; itself when it has none.
[[nodiscard]] char32_t fold_code_point(char32_t code_point);

/// Replaces `out` by the folded `text`. No allocation once `out` has room.
void fold(std::string_view text, std::string& out);
/// The folded text as a new string.
[[nodiscard]] std::string folded(std::string_view text);

/// Replaces `out` by the folded `name` in which '_' stands for blanks: how Kodi compares the names
/// of channels with those of a guide. Beyond that several blanks are one, those at the ends are
/// none, and compatibility forms (NFKC: ᴴᴰ, ＨＤ), ways
/// to compose a letter and characters without a look of their own make no difference; of names up
/// to 4 KB.
void fold_name(std::string_view name, std::string& out);

/// Comparisons without case; `needle` must be folded already. They allocate only for a `text`
/// beyond ASCII.
[[nodiscard]] bool equals_folded(std::string_view text, std::string_view needle);
[[nodiscard]] bool contains_folded(std::string_view text, std::string_view needle);
[[nodiscard]] bool starts_with_folded(std::string_view text, std::string_view needle);

/// Where `needle` first appears in `text`, npos when it does not; byte by byte, in time linear in
/// both lengths, also for a needle chosen to be slow.
[[nodiscard]] std::size_t find_bytes(std::string_view text, std::string_view needle);
[[nodiscard]] bool contains_bytes(std::string_view text, std::string_view needle);

}  // namespace m3u_proxy
