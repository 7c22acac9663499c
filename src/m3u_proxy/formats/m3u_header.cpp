// The beginning of a playlist: what kind of document it is, and its #EXTM3U line.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>
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

void add_guide_urls(std::string_view list, std::vector<std::string>& urls) {
  while (!list.empty() && urls.size() < kMaxGuideUrls) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view url = trim(list.substr(0, comma));
    if (!url.empty() && std::ranges::find(urls, url) == urls.end()) urls.emplace_back(url);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

/// Defaults that every entry takes over: only the known ones, each once, so that a header can't
/// multiply itself by the number of entries.
void add_catchup(std::string_view key, std::string_view value, M3uHeader& header) {
  static constexpr std::array<std::string_view, 5> kKnown = {
      "catchup", "catchup-type", "catchup-days", "catchup-source", "catchup-correction"};
  const auto same = [key](std::string_view other) { return equals_ascii_case(key, other); };
  if (value.empty() || value.size() > kMaxDefault || std::ranges::none_of(kKnown, same)) return;
  for (const auto& [known, ignored] : header.catchup)
    if (same(known)) return;
  header.catchup.emplace_back(key, value);
}

void read_header_line(std::string_view line, M3uHeader& header) {
  header.present = true;
  std::string converted;
  if (!is_valid_utf8(line)) {
    append_windows1252(converted, line);
    line = converted;
  }
  if (line.size() > kMaxLine) return;
  AttributeCursor cursor(line.substr(std::string_view("#EXTM3U").size()));
  while (cursor.next()) {
    const std::string_view key = cursor.key();
    if (equals_ascii_case(key, "url-tvg") || equals_ascii_case(key, "x-tvg-url"))
      add_guide_urls(cursor.value(), header.guide_urls);
    else if (equals_ascii_case(key, "tvg-shift") && cursor.value().size() <= kMaxDefault)
      header.tvg_shift = cursor.value();
    else
      add_catchup(key, cursor.value(), header);
  }
}

}  // namespace

Result<M3uHeader> read_m3u_header(std::string_view beginning) {
  if (beginning.starts_with("\xEF\xBB\xBF")) beginning.remove_prefix(3);
  const std::string_view text = trim(beginning);
  if (text.empty())
    return fail(ErrorCode::kParse, "expected an M3U playlist, found nothing: the source is empty",
                "check the subscription and the address");
  if (text.front() == '<')
    return not_a_playlist("an HTML or XML page", text,
                          "the provider may have answered with a log-in or error page");
  if (text.front() == '{' || text.front() == '[')
    return not_a_playlist("JSON", text, "the provider may have answered with an error");

  M3uHeader header;
  bool has_extinf = false;
  bool has_url = false;
  LineCursor cursor(text, text.contains('\r'));
  while (cursor.next()) {
    const std::string_view line = trim_line(cursor.line());
    const LineKind kind = line_kind(line);
    has_extinf |= kind == LineKind::kExtinf;
    has_url |= kind == LineKind::kUrl;
    if (kind == LineKind::kHeader && !header.present && !has_extinf && !has_url)
      read_header_line(line, header);
    if (kind == LineKind::kDirective && !has_url && is_hls_marker(line))
      return not_a_playlist("an HLS playlist of one stream", text,
                            "use the address of the channel list, not of one of its streams");
  }
  if (!header.present && !has_extinf)
    return not_a_playlist("text without any #EXTINF line", text,
                          "check that the address is that of an M3U list");
  if (!has_extinf && !has_url)
    return fail(ErrorCode::kParse, "the playlist has no channels",
                "the subscription may have ended");
  return header;
}

}  // namespace m3u_proxy::formats
