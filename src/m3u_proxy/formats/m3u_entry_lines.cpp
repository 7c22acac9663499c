#include <utility>

#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_extinf.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>

namespace m3u_proxy::formats {

bool EntryLines::ends_entry(std::string_view line) {
  kind_ = line_kind(line);
  const std::string_view extinf = std::exchange(extinf_, {});
  switch (kind_) {
    case LineKind::kUrl:
      waits_ = false;
      return true;
    case LineKind::kExtinf:
      waits_ = true;
      if (line.size() <= kMaxLine) extinf_ = line;
      return false;
    case LineKind::kHeader:
    case LineKind::kGroup:
    case LineKind::kDirective:
    case LineKind::kNamed:
      return false;
    case LineKind::kSkip:
    case LineKind::kGenre:
    case LineKind::kPath:
    case LineKind::kWord:
    case LineKind::kText:
      break;
  }
  if (!extinf.empty() &&
      continues_extinf(as_utf8(extinf, converted_extinf_), as_utf8(line, converted_)))
    return false;
  const bool may_be_genre_entry = genres_ && kind_ != LineKind::kSkip && kind_ != LineKind::kGenre;
  const bool is_entry = kind_ == LineKind::kPath || (kind_ == LineKind::kWord && waits_) ||
                        (may_be_genre_entry && !genre_entry(as_utf8(line, converted_)).url.empty());
  if (is_entry) waits_ = false;
  return is_entry;
}

GenreEntry genre_entry(std::string_view line) {
  GenreEntry path;  // where no scheme follows a comma
  for (std::size_t at = 0; at < line.size(); ++at) {
    const std::size_t comma = comma_length(line, at);
    if (comma == 0) continue;
    const std::string_view rest = trim_blanks(line.substr(at + comma));
    if (begins_with_scheme(rest)) return {.name = trim_blanks(line.substr(0, at)), .url = rest};
    if (path.name.data() == nullptr) {
      path.name = trim_blanks(line.substr(0, at));
      if (line_kind(rest) == LineKind::kPath) path.url = rest;
    }
  }
  return path;
}

std::string_view genre_group(std::string_view line) {
  constexpr std::string_view kGenre = "#genre#";
  std::string_view group = trim_blanks(line.substr(0, line.size() - kGenre.size()));
  group.remove_suffix(group.ends_with(',') ? 1 : kFullWidthComma.size());
  return trim_blanks(group);
}

}  // namespace m3u_proxy::formats
