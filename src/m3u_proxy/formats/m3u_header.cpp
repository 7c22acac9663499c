// The beginning of a playlist: what kind of document it is, and its #EXTM3U lines.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_extinf.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

std::unexpected<Error> not_a_playlist(std::string_view what, std::string_view beginning,
                                      std::string_view hint) {
  return fail(ErrorCode::kParse,
              fmt::format("expected an M3U playlist, found {}: \"{}\"", what, excerpt(beginning)),
              std::string(hint));
}

constexpr std::size_t kMaxGuideUrls = 100;
constexpr std::size_t kMaxDefault = std::size_t{64} << 10U;
constexpr std::string_view kHeaderWord = "#EXTM3U";

/// Where `word` begins, compared without case, or npos.
std::size_t find_without_case(std::string_view text, std::string_view word, std::size_t from = 0) {
  const auto same = [](char a, char b) { return ascii_lower(a) == ascii_lower(b); };
  const auto found = std::ranges::search(text.substr(std::min(from, text.size())), word, same);
  return found.empty() ? std::string_view::npos
                       : static_cast<std::size_t>(found.data() - text.data());
}

/// Reads header lines into the one header that they are together.
class HeaderReader {
 public:
  HeaderReader(M3uHeader& header, ProblemLog& problems) : header_(header), problems_(problems) {}

  /// A line may hold further headers, as `#EXTM3U url-tvg="#EXTM3U url-tvg="http://g/""` does.
  void read(std::string_view line, std::uint64_t number) {
    header_.present = true;
    if (line.size() > kMaxLine) return;  // the reader counts it
    std::string converted;
    line = as_utf8(line, converted);
    std::size_t begin = find_without_case(line, kHeaderWord.substr(1)) + kHeaderWord.size() - 1;
    for (std::size_t end = 0; begin <= line.size(); begin = end + kHeaderWord.size()) {
      end = std::min(find_without_case(line, kHeaderWord, begin), line.size());
      read_attributes(line.substr(begin, end - begin));
    }
    if (found_repeated_) problems_.add("repeated_attribute", number, 0, line);
    found_repeated_ = false;
  }

 private:
  void read_attributes(std::string_view text) {
    AttributeCursor cursor(text, AttributeCursor::Names::kNone);
    std::string unescaped;
    while (cursor.next()) {
      std::string_view value = cursor.value();
      if (cursor.value_has_escapes()) {
        unescaped.clear();
        unescape_value(value, unescaped);
        value = unescaped;
      }
      // A quote too many comes from a header inside a header.
      while (value.ends_with('"') || value.ends_with('\'')) value.remove_suffix(1);
      take(cursor.key(), value);
    }
  }

  void take(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (equals_ascii_case(key, "url-tvg") || equals_ascii_case(key, "x-tvg-url"))
      add_guide_urls(value);
    else if (value.size() > kMaxDefault)
      return;
    else if (!equals_ascii_case(key, "tvg-shift"))
      add_catchup(key, value);
    else if (header_.tvg_shift.empty())
      header_.tvg_shift = value;
    else
      found_repeated_ = true;
  }

  void add_guide_urls(std::string_view list) {
    std::vector<std::string>& urls = header_.guide_urls;
    while (!list.empty() && urls.size() < kMaxGuideUrls) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view url = trim_blanks(list.substr(0, comma));
      if (!url.empty() && std::ranges::find(urls, url) == urls.end()) urls.emplace_back(url);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }

  /// Defaults that every entry takes over: only the known ones, each once, so that a header can't
  /// multiply itself by the number of entries. Of `catchup` and `catchup-type` the former counts.
  void add_catchup(std::string_view key, std::string_view value) {
    static constexpr std::array<std::string_view, 5> kKnown = {
        "catchup", "catchup-type", "catchup-days", "catchup-source", "catchup-correction"};
    const auto is_key = [key](std::string_view other) { return equals_ascii_case(key, other); };
    if (std::ranges::none_of(kKnown, is_key)) return;
    const bool is_mode = catalog::is_catchup(key);
    for (auto& [known, given] : header_.catchup) {
      if (!is_key(known) && !(is_mode && catalog::is_catchup(known))) continue;
      found_repeated_ = true;
      if (known.size() <= key.size()) return;
      known = key;
      given = value;
      return;
    }
    header_.catchup.emplace_back(key, value);
  }

  M3uHeader& header_;
  ProblemLog& problems_;
  bool found_repeated_ = false;
};

/// The error of what begins like another document.
Result<> check_document(std::string_view text) {
  if (text.empty())
    return fail(ErrorCode::kParse, "expected an M3U playlist, found nothing: the source is empty",
                "check the subscription and the address");
  if (text.front() == '<')
    return not_a_playlist("an HTML or XML page", text,
                          "the provider may have answered with a log-in or error page");
  if (text.front() == '{' || text.front() == '[')
    return not_a_playlist("JSON", text, "the provider may have answered with an error");
  return {};
}

/// Skips what precedes the first #EXTM3U: a provider's warnings. Not what is a list itself.
void skip_junk(std::string_view beginning, M3uHeader& header, ProblemLog& problems) {
  constexpr std::size_t kJunk = std::size_t{4} << 10U;
  const std::size_t at = find_without_case(beginning.substr(0, kJunk), kHeaderWord);
  if (at == std::string_view::npos) return;
  const std::string_view junk = beginning.substr(0, at);
  bool is_junk = false;
  LineCursor cursor(junk, junk.contains('\r'));
  while (cursor.next()) {
    const std::string_view line = trim_line(cursor.line());
    const LineKind kind = line_kind(line);
    if (kind == LineKind::kExtinf || kind == LineKind::kGenre) return;
    is_junk |= kind != LineKind::kSkip || !cursor.terminated();
  }
  header.skip = at;
  if (is_junk && !trim_line(junk).empty())
    problems.add("junk_before_header", 1, 0, junk.substr(0, 80));
}

/// What of the beginning was seen so far.
struct Seen {
  bool extinf = false;
  bool address = false;
  bool hls_tag = false;     ///< one that only the playlist of one stream has
  bool is_segment = false;  ///< the #EXTINF waiting for its address is as a segment's
};

/// Whether the directive is one of a media playlist (RFC 8216) that means nothing for a channel. A
/// list may hold one all the same, copied from a stream.
bool is_hls_tag(std::string_view line) {
  static constexpr std::array<std::string_view, 6> kTags = {
      "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY", "#EXT-X-PROGRAM-DATE-TIME",
      "#EXT-X-BYTERANGE",      "#EXT-X-KEY",           "#EXT-X-MAP"};
  return std::ranges::any_of(
      kTags, [&](std::string_view tag) { return starts_with_ascii_case(line, tag); });
}

/// Whether an #EXTINF line is as those of segments: a duration above 0, and no attribute that has a
/// value.
bool is_segment(std::string_view line) {
  std::string converted;
  std::string_view text = extinf_text(as_utf8(line, converted));
  const std::string_view duration = take_duration(text);
  if (duration.starts_with('-') || duration.find_first_of("123456789") == std::string_view::npos)
    return false;
  const auto is_printable = [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; };
  AttributeCursor cursor(text);
  while (cursor.next())
    if (std::ranges::any_of(cursor.value(), is_printable)) return false;
  return true;
}

/// Reads the lines behind the junk up to the end of what is known. The first entry ends the header.
Result<Seen> read_lines(std::string_view text, std::uint64_t first_line, M3uHeader& header,
                        ProblemLog& problems) {
  Seen seen;
  HeaderReader reader(header, problems);
  std::uint64_t number = first_line;
  header.lines = header.comments = ~std::uint64_t{0};
  LineCursor cursor(text, text.contains('\r'));
  for (; cursor.next(); ++number) {
    const std::string_view line = trim_line(cursor.line());
    const LineKind kind = line_kind(line);
    header.genres |= kind == LineKind::kGenre;
    if (kind == LineKind::kHeader && !seen.extinf && !seen.address) reader.read(line, number);
    if (kind == LineKind::kExtinf && !seen.extinf) header.comments = number;
    if (kind == LineKind::kExtinf && !seen.address) seen.is_segment = is_segment(line);
    seen.extinf |= kind == LineKind::kExtinf;
    const bool is_entry = kind == LineKind::kUrl || kind == LineKind::kPath ||
                          (kind == LineKind::kWord && seen.extinf) ||
                          (header.genres && !genre_entry(line).url.empty());
    const bool is_directive = kind == LineKind::kDirective && !seen.address;
    seen.hls_tag |= is_directive && is_hls_tag(line);
    const bool is_first_segment = is_entry && !seen.address && seen.hls_tag && seen.is_segment;
    if (is_first_segment || (is_directive && is_hls_marker(line)))
      return not_a_playlist("an HLS playlist of one stream", text,
                            "use the address of the channel list, not of one of its streams");
    seen.address |= is_entry;
    if ((seen.extinf || seen.address) && header.lines == ~std::uint64_t{0}) header.lines = number;
  }
  header.lines = std::min(header.lines, number);
  header.comments = std::min(header.comments, number);
  return seen;
}

}  // namespace

Result<M3uHeader> read_m3u_header(std::string_view beginning, ProblemLog& problems) {
  M3uHeader header;
  skip_junk(beginning, header, problems);
  const std::string_view rest = beginning.substr(header.skip);
  const std::string_view text = trim_line(rest);
  M3U_CHECK(check_document(text));
  const std::string_view skipped = beginning.substr(0, header.skip);
  std::uint64_t first_line = 1;
  LineCursor lines(skipped, skipped.contains('\r'));
  while (lines.next()) first_line += lines.terminated() ? 1 : 0;
  M3U_TRY(const Seen seen, read_lines(rest, first_line, header, problems));
  if (!header.present && !seen.extinf && !header.genres)
    return not_a_playlist("text without any #EXTINF line", text,
                          "check that the address is that of an M3U list");
  // Entries may begin behind what is known.
  const bool is_whole = beginning.size() < M3uSplitter::kBeginning;
  if (!seen.extinf && !seen.address && is_whole)
    return fail(ErrorCode::kParse, "the playlist has no channels",
                "the subscription may have ended");
  return header;
}

Result<M3uHeader> begin_m3u(M3uSplitter& splitter, io::ByteSource& source, ProblemLog& problems) {
  M3U_TRY(const std::string_view beginning, splitter.beginning(source));
  M3U_TRY(M3uHeader header, read_m3u_header(beginning, problems));
  splitter.skip(header.skip);
  if (header.genres) splitter.expect_genres();
  return header;
}

}  // namespace m3u_proxy::formats
