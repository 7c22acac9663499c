#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;

/// Whether a byte can't be written as it is: a control character, or `special`.
bool needs_cleaning(std::string_view text, char special) {
#ifdef __SSE2__
  // Sixteen bytes at a time; the last block may overlap the one before it.
  constexpr std::size_t kBlock = sizeof(__m128i);
  if (text.size() >= kBlock) {
    const __m128i specials = _mm_set1_epi8(special);
    const auto is_bad = [&](const char* p) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
      const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
      const __m128i bad = _mm_or_si128(control, del);
      return _mm_movemask_epi8(_mm_or_si128(bad, _mm_cmpeq_epi8(bytes, specials))) != 0;
    };
    const char* const last = text.data() + text.size() - kBlock;
    for (const char* p = text.data(); p < last; p += kBlock)
      if (is_bad(p)) return true;
    return is_bad(last);
  }
#endif
  return std::ranges::any_of(text, [special](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F || c == special;
  });
}

/// Appends `text`; `special` becomes `replacement`, line ends and tabs become spaces, other
/// control characters are dropped.
void append_clean(OutputText& out, std::string_view text, char special,
                  std::string_view replacement) {
  if (!needs_cleaning(text, special)) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == special)
      out.append(replacement);
    else if (c == '\r' || c == '\n' || c == '\t')
      out += ' ';
    else if (byte >= 0x20 && byte != 0x7F)
      out += c;
  }
}

/// The same as a reader would trim it; returns what was appended.
std::string_view append_trimmed(OutputText& out, std::string_view text, char special,
                                std::string_view replacement) {
  const std::size_t begin = out.size();
  append_clean(out, text, special, replacement);
  const std::string_view cleaned = std::string_view(out).substr(begin);
  const std::string_view trimmed = trim_line(cleaned);
  const auto front = static_cast<std::size_t>(trimmed.data() - cleaned.data());
  out.resize(begin + front + trimmed.size());
  if (front != 0) out.erase(begin, front);
  return std::string_view(out).substr(begin);
}

void append_attribute(OutputText& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  const std::size_t begin = out.size();
  out += ' ';
  out.append(key);
  out.append("=\"");
  const std::size_t value_begin = out.size();
  append_clean(out, value, '"', "'");
  if (out.size() == value_begin)
    out.resize(begin);  // nothing but control characters
  else
    out += '"';
}

/// The channel's name, or what a reader would take for an empty one.
void append_name(const ChannelBatch& batch, std::size_t row, bool no_commas, OutputText& out) {
  for (const ChannelField field :
       {ChannelField::kChannelName, ChannelField::kTvgName, ChannelField::kTvgId}) {
    // A comma becomes " -": "The Good, the Bad" reads "The Good - the Bad".
    const std::string_view appended = no_commas
                                          ? append_trimmed(out, batch.text(field, row), ',', " -")
                                          : append_trimmed(out, batch.text(field, row), '\n', " ");
    if (!appended.empty()) return;
  }
  OutputText url(out.get_allocator());
  append_trimmed(url, batch.text(ChannelField::kStreamUrl, row), '\n', " ");
  out.append(last_path_component(url));
}

void append_extinf(const ChannelBatch& batch, std::size_t row, const M3uWriterOptions& options,
                   OutputText& out) {
  const auto text = [&](ChannelField field) { return batch.text(field, row); };
  const std::string_view duration = batch.duration(row);
  out.append("#EXTINF:");
  out.append(duration.empty() ? std::string_view("-1") : duration);
  append_attribute(out, "tvg-id", text(ChannelField::kTvgId));
  append_attribute(out, "tvg-name", text(ChannelField::kTvgName));
  append_attribute(out, "tvg-logo", text(ChannelField::kTvgLogo));
  append_attribute(out, "group-title", text(ChannelField::kGroupTitle));
  append_attribute(out, "tvg-chno", text(ChannelField::kTvgChno));
  if (options.write_tvg_shift) append_attribute(out, "tvg-shift", text(ChannelField::kTvgShift));
  for (const catalog::Attribute& attribute : batch.attributes(row))
    append_attribute(out, attribute.key, attribute.value);
  out += ',';
  append_name(batch, row, options.no_commas, out);
  out += '\n';
}

/// Appends the URL's line; what can't be read back as a URL is refused with its reason.
std::string_view append_url(const ChannelBatch& batch, std::size_t row,
                            const M3uWriterOptions& options, OutputText& out) {
  const std::size_t begin = out.size();
  const std::string_view url =
      append_trimmed(out, batch.text(ChannelField::kStreamUrl, row), '\n', " ");
  if (url.empty()) return "empty_url";
  if (line_kind(url) != LineKind::kUrl) return "url_is_a_comment";
  if (!options.stream_prefix.empty()) {
    out.resize(begin);
    out.append(options.stream_prefix);
    out.append(to_base64url(batch.id(row)));
  }
  out += '\n';
  return {};
}

/// Appends the entry's directive lines. One that without its control characters would be read as
/// something else, or that would make the whole list an HLS playlist, is left out and counted.
void append_directives(const ChannelBatch& batch, std::size_t row, OutputText& out,
                       ProblemLog& problems) {
  for (const std::string_view directive : batch.directives(row)) {
    const std::size_t begin = out.size();
    const std::string_view written = append_trimmed(out, directive, '\n', " ");
    if (line_kind(written) == LineKind::kDirective && !is_hls_marker(written)) {
      out += '\n';
    } else {
      out.resize(begin);
      problems.add("directive_not_writable", 0, 0, directive);
    }
  }
}

/// Appends one entry; on a reason, nothing.
std::string_view append_entry(const ChannelBatch& batch, std::size_t row,
                              const M3uWriterOptions& options, OutputText& out,
                              ProblemLog& problems) {
  const std::size_t begin = out.size();
  append_extinf(batch, row, options, out);
  std::string_view fault = out.size() - begin > kMaxLine ? "written_line_too_long" : "";
  append_directives(batch, row, out, problems);
  if (fault.empty()) {
    const std::size_t url_begin = out.size();
    fault = append_url(batch, row, options, out);
    if (fault.empty() && out.size() - url_begin > kMaxLine) fault = "written_line_too_long";
  }
  if (!fault.empty()) out.resize(begin);
  return fault;
}

}  // namespace

std::string_view clean_value(std::string_view value, OutputText& cleaned) {
  if (!needs_cleaning(value, '"')) return value;
  cleaned.clear();
  append_clean(cleaned, value, '"', "'");
  return cleaned;
}

void write_m3u_header(std::string_view guide_url, OutputText& out) {
  out.append("#EXTM3U");
  append_attribute(out, "url-tvg", guide_url);
  append_attribute(out, "x-tvg-url", guide_url);
  out += '\n';
}

std::uint64_t write_m3u(const ChannelBatch& batch, const M3uWriterOptions& options, OutputText& out,
                        ProblemLog& problems) {
  std::uint64_t written = 0;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view fault = append_entry(batch, row, options, out, problems);
    if (fault.empty())
      ++written;
    else
      problems.add(fault, 0, 0, batch.text(ChannelField::kChannelName, row));
  }
  return written;
}

}  // namespace m3u_proxy::formats
