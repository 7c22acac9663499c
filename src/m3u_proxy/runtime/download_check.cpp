#include <string>
#include <string_view>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/web_page.hpp>
#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/runtime/download_check.hpp>

namespace m3u_proxy::runtime {
namespace {

using Wanted = sources::SourceRequest::Wanted;

constexpr std::size_t kLookedAt = std::size_t{64} << 10U;
constexpr std::size_t kStart = std::size_t{4} << 10U;  // where a document begins at the latest

/// Reads the beginning; shorter than kLookedAt: all there is.
Result<std::string> beginning_of(io::ByteSource& bytes) {
  std::string text(kLookedAt, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    M3U_TRY(const std::size_t got, bytes.read({text.data() + size, text.size() - size}));
    if (got == 0) break;
    size += got;
  }
  text.resize(size);
  return text;
}

bool has_entry(std::string_view playlist) {
  formats::EntryLines entries(/*genres=*/playlist.contains("#genre#"));
  formats::LineCursor lines(playlist, playlist.contains('\r'));
  while (lines.next())
    if (entries.ends_entry(formats::trim_line(lines.line()))) return true;
  return false;
}

bool has_content(Wanted wanted, std::string_view text) {
  if (wanted == Wanted::kPlaylist) return has_entry(text);
  return text.contains("<channel") || text.contains("<programme");
}

}  // namespace

Result<> check_download(Wanted wanted, io::ByteSource& bytes) {
  M3U_TRY(const std::string beginning, beginning_of(bytes));
  const std::string_view text = trim(beginning);
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kParse,
                fmt::format("the provider answered with {}: \"{}\"", what, excerpt(text)));
  };
  if (text.empty()) return refuse("nothing");
  // Behind what a server printed first there may be what was asked for.
  bool has_start = false;
  for (const std::string_view start : {"#EXTM3U", "<?xml", "<tv"})
    has_start |= text.substr(0, kStart).contains(start);
  if (!has_start && (text.front() == '{' || text.front() == '[')) return refuse("JSON");
  if (!has_start && is_web_page(text)) return refuse("an HTML page");
  const bool is_whole = beginning.size() < kLookedAt;
  if (!is_whole || text.contains('\0')) return {};
  if (!has_content(wanted, text))
    return refuse(wanted == Wanted::kPlaylist ? "no channels" : "an empty guide");
  if (wanted == Wanted::kGuide) return {};
  ProblemLog ignored;  // counted when it is read
  const auto header = formats::read_m3u_header(beginning, ignored);
  return header ? Result<>() : fail(header.error());
}

}  // namespace m3u_proxy::runtime
