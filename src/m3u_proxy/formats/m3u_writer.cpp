#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/copy_text.hpp>
#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;

#ifdef __SSE2__
/// A bit for each byte that can't be written as it is: a control character, or a special one.
std::uint32_t bad_bytes(__m128i bytes, __m128i specials) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
  const __m128i bad = _mm_or_si128(_mm_or_si128(control, del), _mm_cmpeq_epi8(bytes, specials));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bad));
}
#endif

/// Whether a byte can't be written as it is: a control character, or `special`.
bool needs_cleaning(std::string_view text, char special) {
#ifdef __SSE2__
  // Sixteen bytes at a time; the last block may overlap the one before it.
  constexpr std::size_t kBlock = sizeof(__m128i);
  if (text.size() >= kBlock) {
    const __m128i specials = _mm_set1_epi8(special);
    const auto is_bad = [&](const char* p) {
      return bad_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), specials) != 0;
    };
    const char* const last = text.data() + text.size() - kBlock;
    for (const char* p = text.data(); p < last; p += kBlock)
      if (is_bad(p)) return true;
    return is_bad(last);
  }
#endif
  return !is_one_line(text) || text.contains(special);
}

/// Writes entries into room that is reserved for an entry as a whole, so that single values need no
/// check of their own. Positions count from the beginning of the text.
class EntryWriter {
 public:
  explicit EntryWriter(OutputText& out) : out_(out), size_(out.size()) {}
  EntryWriter(const EntryWriter&) = delete;
  EntryWriter& operator=(const EntryWriter&) = delete;
  ~EntryWriter() { out_.resize(size_); }

  /// Makes room for `bytes` more. Throws memory::OverBudget.
  void reserve(std::size_t bytes) {
    const std::size_t needed = size_ + bytes + kCopyBlock;
    if (needed <= out_.size()) return;
    const std::size_t larger = std::max(needed, size_ + size_ / 2);
    // What lies behind size_ is written before it is read.
    out_.resize_and_overwrite(larger, [](char*, std::size_t size) { return size; });
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  void cut(std::size_t size) { size_ = size; }
  [[nodiscard]] std::string_view written_since(std::size_t begin) const {
    return {out_.data() + begin, size_ - begin};
  }

  void put(char c) { out_[size_++] = c; }
  template <std::size_t kSize>
  void put_literal(const char (&text)[kSize]) {
    std::memcpy(end(), text, kSize - 1);
    size_ += kSize - 1;
  }
  void put(std::string_view text) {
    size_ = static_cast<std::size_t>(copy_text(end(), limit(), text) - out_.data());
  }
  /// Writes the text if every byte of it can be written as it is; an empty one always.
  bool put_if_clean(std::string_view text, char special) {
#ifdef M3U_PROXY_VECTOR_COPY
    // Copies and looks at once; bits of bytes behind the text do not count.
    if (text.size() - 1 < kCopyBlock && is_block_readable(text.data())) [[likely]] {
      const auto* const from = reinterpret_cast<const __m128i*>(text.data());
      auto* const to = reinterpret_cast<__m128i*>(end());
      const __m128i first = _mm_loadu_si128(from);
      const __m128i second = _mm_loadu_si128(from + 1);
      _mm_storeu_si128(to, first);
      _mm_storeu_si128(to + 1, second);
      const __m128i specials = _mm_set1_epi8(special);
      const std::uint32_t bad = bad_bytes(first, specials) | bad_bytes(second, specials) << 16U;
      if ((bad & ~std::uint32_t{0} >> (kCopyBlock - text.size())) != 0) return false;
      size_ += text.size();
      return true;
    }
#endif
    if (needs_cleaning(text, special)) return false;
    put(text);
    return true;
  }
  /// `special` becomes `replacement`, line ends and tabs become spaces, other control characters
  /// are dropped.
  void put_clean(std::string_view text, char special, std::string_view replacement) {
    if (!put_if_clean(text, special)) put_cleaned(text, special, replacement);
  }
  /// The same as a reader would trim it; returns what was written.
  std::string_view put_trimmed(std::string_view text, char special, std::string_view replacement) {
    const std::size_t begin = size_;
    put_clean(text, special, replacement);
    return keep(begin, trim_line(written_since(begin)));
  }
  /// Drops all that was written since `begin` but `part` of it, which it returns.
  std::string_view keep(std::size_t begin, std::string_view part) {
    if (part.data() != out_.data() + begin && !part.empty())
      std::memmove(out_.data() + begin, part.data(), part.size());
    size_ = begin + part.size();
    return written_since(begin);
  }

 private:
  char* end() { return out_.data() + size_; }
  [[nodiscard]] const char* limit() const { return out_.data() + out_.size(); }

  void put_cleaned(std::string_view text, char special, std::string_view replacement) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == special)
        put(replacement);
      else if (c == '\r' || c == '\n' || c == '\t')
        put(' ');
      else if (byte >= 0x20 && byte != 0x7F)
        put(c);
    }
  }

  OutputText& out_;
  std::size_t size_;
};

/// Writes a value behind its opening text, which begins at `begin`; nothing when only control
/// characters are in it.
void put_value(EntryWriter& out, std::size_t begin, std::string_view value) {
  const std::size_t value_begin = out.size();
  out.put_clean(value, '"', "'");
  if (out.size() == value_begin)
    out.cut(begin);
  else
    out.put('"');
}

/// `opening`: a space, the key, `="`.
template <std::size_t kSize>
void put_field(EntryWriter& out, const char (&opening)[kSize], std::string_view value) {
  if (value.empty()) return;
  const std::size_t begin = out.size();
  out.put_literal(opening);
  put_value(out, begin, value);
}

void put_attribute(EntryWriter& out, const catalog::Attribute& attribute) {
  if (attribute.value.empty()) return;
  const std::size_t begin = out.size();
  out.put(' ');
  out.put(attribute.key);
  out.put_literal("=\"");
  put_value(out, begin, attribute.value);
}

/// Writes what a reader would take for the name that `text` is; false when that is empty.
bool put_cleaned_name(std::string_view text, bool no_commas, EntryWriter& out) {
  text = trim_name(text);
  if (!no_commas && out.put_if_clean(text, '\n')) [[likely]]
    return !text.empty();
  // A comma becomes " -": "The Good, the Bad" reads "The Good - the Bad".
  const std::size_t begin = out.size();
  const std::string_view written =
      no_commas ? out.put_trimmed(text, ',', " -") : out.put_trimmed(text, '\n', " ");
  out.keep(begin, trim_name(written));
  return out.size() != begin;
}

/// The channel's name, or what a reader would take for an empty one.
void put_name(const ChannelBatch& batch, std::size_t row, bool no_commas, EntryWriter& out) {
  for (const ChannelField field :
       {ChannelField::kChannelName, ChannelField::kTvgName, ChannelField::kTvgId})
    if (put_cleaned_name(batch.text(field, row), no_commas, out)) return;
  const std::size_t begin = out.size();
  const std::string name(
      last_path_component(out.put_trimmed(batch.text(ChannelField::kStreamUrl, row), '\n', " ")));
  out.cut(begin);
  put_cleaned_name(name, no_commas, out);
}

/// Whether a comma and what follows it are attributes, not a name.
bool reads_as_attributes(std::string_view comma_and_name) {
  return AttributeCursor(comma_and_name).next();
}

/// Writes the comma and the name. Where the name would be read as attributes, or its quote as the
/// end of a value that ends in a backslash, its quotes become apostrophes. Where `key='` is still
/// read as one, a second comma keeps it a name, since commas before a name are skipped.
void put_comma_and_name(const ChannelBatch& batch, std::size_t row, bool no_commas,
                        EntryWriter& out) {
  const std::size_t begin = out.size();
  const bool is_escaping = out.written_since(begin - 2) == "\\\"";
  out.put(',');
  put_name(batch, row, no_commas, out);
  const std::string_view name = out.written_since(begin + 1);
  const bool is_pair =
      begins_with_quoted_pair(name) && reads_as_attributes(out.written_since(begin));
  if (!is_pair && !(is_escaping && name.contains('"'))) [[likely]]
    return;
  std::string safe(out.written_since(begin));
  std::ranges::replace(safe, '"', '\'');
  if (reads_as_attributes(safe)) safe.insert(0, 1, ',');
  out.cut(begin);
  out.put(safe);
}

void put_extinf(const ChannelBatch& batch, std::size_t row, const M3uWriterOptions& options,
                EntryWriter& out) {
  const auto text = [&](ChannelField field) { return batch.text(field, row); };
  const std::string_view duration = batch.duration(row);
  out.put_literal("#EXTINF:");
  if (duration.empty())
    out.put_literal("-1");
  else
    out.put(duration);
  put_field(out, " tvg-id=\"", text(ChannelField::kTvgId));
  put_field(out, " tvg-name=\"", text(ChannelField::kTvgName));
  if (options.logos.prefix.empty()) [[likely]] {
    put_field(out, " tvg-logo=\"", text(ChannelField::kTvgLogo));
  } else {
    std::string ours;
    put_field(out, " tvg-logo=\"", logo_address(batch, row, options.logos, ours));
  }
  put_field(out, " group-title=\"", text(ChannelField::kGroupTitle));
  put_field(out, " tvg-chno=\"", text(ChannelField::kTvgChno));
  if (options.write_tvg_shift) put_field(out, " tvg-shift=\"", text(ChannelField::kTvgShift));
  for (const catalog::Attribute& attribute : batch.attributes(row)) put_attribute(out, attribute);
  put_comma_and_name(batch, row, options.no_commas, out);
  out.put('\n');
}

/// The URL as it is written: without quotes around it, which readers drop too.
std::string_view put_plain_url(std::string_view text, EntryWriter& out) {
  const std::size_t begin = out.size();
  const std::string_view url = out.put_trimmed(text, '\n', " ");
  const std::string_view inside = without_quotes(url);
  return inside.empty() ? url : out.keep(begin, trim_line(inside));
}

/// Writes the URL's line; what can't be read back as a URL is refused with its reason. Of one that
/// is replaced by ours, what follows its `|` stays: it is for the player.
std::string_view put_url(const ChannelBatch& batch, std::size_t row,
                         const M3uWriterOptions& options, EntryWriter& out) {
  const std::size_t begin = out.size();
  const std::string_view url = put_plain_url(batch.text(ChannelField::kStreamUrl, row), out);
  if (url.empty()) return "empty_url";
  if (!is_address(line_kind(url))) return "url_is_no_address";
  // Plugins of players, multicast and the like stay direct: no redirect can lead to them.
  if (!options.stream_prefix.empty() && is_http_url(url)) {
    const std::string for_player(url.substr(std::min(url.find('|'), url.size())));
    out.cut(begin);
    out.put(options.stream_prefix);
    out.put(to_base64url(batch.id(row)));
    out.put(for_player);
  }
  out.put('\n');
  return {};
}

/// Writes the entry's directive lines. One that without its control characters would be read as
/// something else, or that would make the whole list an HLS playlist, is left out and counted.
void put_directives(const ChannelBatch& batch, std::size_t row, EntryWriter& out,
                    ProblemLog& problems) {
  for (const std::string_view directive : batch.directives(row)) {
    const std::size_t begin = out.size();
    const std::string_view written = out.put_trimmed(directive, '\n', " ");
    const LineKind kind = line_kind(written);
    const bool is_directive = kind == LineKind::kDirective || kind == LineKind::kNamed;
    if (is_directive && !is_hls_marker(written)) {
      out.put('\n');
    } else {
      out.cut(begin);
      problems.add("directive_not_writable", 0, 0, directive);
    }
  }
}

/// More than the entry can take: every byte of a name may become two, a name may be tried in three
/// ways, and each value has its key and quotes.
std::size_t room_for(const ChannelBatch& batch, std::size_t row, const M3uWriterOptions& options) {
  constexpr std::size_t kOfValue = 16;  // the longest key of ours, `="`, `"`, the space
  constexpr std::size_t kOfIds = 22 + 36;
  std::size_t size = 2 * kCopyBlock + options.stream_prefix.size() + options.logos.prefix.size() +
                     kOfIds + kOfValue * 16;
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    size += batch.column(i)[row].size() * 3;
  for (const catalog::Attribute& attribute : batch.attributes(row))
    size += attribute.key.size() + attribute.value.size() + kOfValue;
  for (const std::string_view directive : batch.directives(row)) size += directive.size() + 1;
  return size;
}

/// Writes one entry; on a reason, nothing.
std::string_view put_entry(const ChannelBatch& batch, std::size_t row,
                           const M3uWriterOptions& options, EntryWriter& out,
                           ProblemLog& problems) {
  const std::size_t begin = out.size();
  out.reserve(room_for(batch, row, options));
  put_extinf(batch, row, options, out);
  std::string_view fault = out.size() - begin > kMaxLine ? "written_line_too_long" : "";
  put_directives(batch, row, out, problems);
  if (fault.empty()) {
    const std::size_t url_begin = out.size();
    fault = put_url(batch, row, options, out);
    if (fault.empty() && out.size() - url_begin > kMaxLine) fault = "written_line_too_long";
  }
  if (!fault.empty()) out.cut(begin);
  return fault;
}

}  // namespace

std::string_view logo_address(const ChannelBatch& batch, std::size_t row,
                              const LogoAddresses& addresses, std::string& ours) {
  const std::string_view logo = batch.text(ChannelField::kTvgLogo, row);
  if (addresses.prefix.empty()) return logo;
  if (logo.starts_with(catalog::kLogoHelper)) {
    const auto uploaded = parse_uuid(logo.substr(catalog::kLogoHelper.size()));
    if (!uploaded) return logo;
    ours.assign(addresses.prefix).append(to_string(*uploaded));
    return ours;
  }
  if (!addresses.of_the_web || !is_http_url(logo)) return logo;
  ours.assign(addresses.prefix).append(to_base64url(batch.id(row)));
  return ours;
}

std::string_view clean_value(std::string_view value, OutputText& cleaned) {
  if (!needs_cleaning(value, '"')) return value;
  cleaned.clear();
  EntryWriter out(cleaned);
  out.reserve(value.size());
  out.put_clean(value, '"', "'");
  return out.written_since(0);
}

namespace {

/// Without its end.
std::string_view last_line(std::string_view entry) {
  entry.remove_suffix(1);
  return entry.substr(entry.rfind('\n') + 1);
}

}  // namespace

void write_m3u_header(std::string_view guide_url, OutputText& out) {
  EntryWriter writer(out);
  writer.reserve(2 * guide_url.size() + 64);
  writer.put_literal("#EXTM3U");
  put_field(writer, " url-tvg=\"", guide_url);
  put_field(writer, " x-tvg-url=\"", guide_url);
  writer.put('\n');
}

std::uint64_t write_m3u(const ChannelBatch& batch, const M3uWriterOptions& options, OutputText& out,
                        ProblemLog& problems, const OnUrl& on_url,
                        std::vector<std::uint8_t>* rows) {
  std::uint64_t written = 0;
  if (rows != nullptr) rows->assign(batch.rows(), 1);
  EntryWriter writer(out);
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::size_t begin = writer.size();
    const std::string_view fault = put_entry(batch, row, options, writer, problems);
    if (!fault.empty()) {
      problems.add(fault, 0, 0, batch.text(ChannelField::kChannelName, row));
      if (rows != nullptr) (*rows)[row] = 0;
      continue;
    }
    ++written;
    if (on_url) on_url(last_line(writer.written_since(begin)));
  }
  return written;
}

}  // namespace m3u_proxy::formats
