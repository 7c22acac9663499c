#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <optional>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;
using catalog::MediaType;

constexpr std::string_view kExtinf = "#EXTINF:";

/// The duration at the front of an #EXTINF line's text, removed from it.
std::string_view take_duration(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  std::size_t end = 0;
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  while (end < text.size() && (is_ascii_digit(text[end]) || text[end] == '.')) ++end;
  const std::string_view duration = text.substr(0, end);
  text.remove_prefix(end);
  return duration;
}

MediaType media_type_of_word(std::string_view word) {
  for (const std::string_view movie : {"movie", "movies", "vod"})
    if (equals_ascii_case(word, movie)) return MediaType::kMovie;
  for (const std::string_view series : {"series", "serie", "tvshow", "tvshows"})
    if (equals_ascii_case(word, series)) return MediaType::kSeries;
  return MediaType::kLive;
}

/// Whether "ie" stands in the text: both words that are looked for in addresses have it, and hardly
/// anything else.
bool has_ie(std::string_view text) {
#ifdef __SSE2__
  constexpr std::size_t kBlock = sizeof(__m128i);
  if (text.size() > kBlock) {
    const auto found_at = [](const char* p) {
      const auto load = [](const char* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      };
      return _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(load(p), _mm_set1_epi8('i')),
                                             _mm_cmpeq_epi8(load(p + 1), _mm_set1_epi8('e')))) != 0;
    };
    const char* const last = text.data() + text.size() - kBlock - 1;
    for (const char* p = text.data(); p < last; p += kBlock)
      if (found_at(p)) return true;
    return found_at(last);
  }
#endif
  return text.contains("ie");
}

MediaType media_type_of_url(std::string_view url) {
  if (!has_ie(url)) return MediaType::kLive;
  MediaType type = MediaType::kLive;
  for (std::size_t at = url.find('/'); at != std::string_view::npos; at = url.find('/', at + 1)) {
    const std::string_view rest = url.substr(at);
    if (rest.starts_with("/movie/")) return MediaType::kMovie;
    if (rest.starts_with("/series/")) type = MediaType::kSeries;
  }
  return type;
}

/// Parses one chunk; a class only because the state between lines has many parts.
class ChunkParser {
 public:
  ChunkParser(const M3uChunk& chunk, const M3uSource& source, ChannelBatch& batch,
              ProblemLog& problems)
      : chunk_(chunk),
        source_(source),
        batch_(batch),
        problems_(problems),
        valid_utf8_(is_valid_utf8(chunk.text)) {}

  void run() {
    LineCursor cursor(chunk_.text, chunk_.has_cr);
    while (cursor.next()) {
      ++line_;
      std::string_view line = trim_line(cursor.line());
      const LineKind kind = line_kind(line);
      if (kind == LineKind::kSkip) continue;
      if (line.size() > kMaxLine) {
        skip_long_line(kind, line);
        continue;
      }
      if (!valid_utf8_ && !is_valid_utf8(line)) line = as_windows1252(line);
      take(kind, line);
    }
    finish_unused_extinf();
  }

 private:
  void take(LineKind kind, std::string_view line) {
    switch (kind) {
      case LineKind::kExtinf:
        finish_unused_extinf();
        skip_next_url_ = false;
        extinf_ = line;
        extinf_line_ = line_;
        break;
      case LineKind::kUrl:
        take_url(line);
        break;
      case LineKind::kGroup:
        group_ = group_of(line);
        break;
      case LineKind::kDirective:
        directives_.push_back(line);
        break;
      case LineKind::kHeader:
        if (chunk_.first_line > 1 || batch_.rows() > 0)
          problems_.add("repeated_header", line_, 0, line);
        break;
      case LineKind::kSkip:
        break;
    }
  }

  static std::string_view group_of(std::string_view line) {
    const std::size_t colon = line.find(':');
    return colon == std::string_view::npos ? std::string_view{} : trim(line.substr(colon + 1));
  }

  std::string_view as_windows1252(std::string_view line) {
    problems_.add("invalid_utf8", line_, 0, line);
    converted_.clear();
    append_windows1252(converted_, line);
    return batch_.store(converted_);
  }

  void skip_long_line(LineKind kind, std::string_view line) {
    problems_.add("line_too_long", line_, 0, line.substr(0, 80));
    if (kind == LineKind::kUrl) {
      forget_entry();
    } else if (kind == LineKind::kExtinf) {
      finish_unused_extinf();
      skip_next_url_ = true;
    }
  }

  /// An #EXTINF that no URL followed: a separator, or a broken entry.
  void finish_unused_extinf() {
    if (extinf_.empty()) return;
    problems_.add("extinf_without_url", extinf_line_, 0, extinf_);
    extinf_ = {};
  }

  void forget_entry() {
    extinf_ = {};
    group_ = {};
    directives_.clear();
    skip_next_url_ = false;
  }

  void take_url(std::string_view url) {
    if (skip_next_url_) {
      forget_entry();
      return;
    }
    const std::size_t row = batch_.add_row(source_.index);
    batch_.set_text(ChannelField::kStreamUrl, row, url);
    std::string_view name;
    if (extinf_.empty())
      problems_.add("url_without_extinf", line_, 0, url);
    else
      name = read_extinf(row);
    if (batch_.text(ChannelField::kGroupTitle, row).empty())
      batch_.set_text(ChannelField::kGroupTitle, row, group_);
    for (const std::string_view directive : directives_) batch_.push_directive(directive);
    apply_header_defaults(row);
    set_name(row, name);
    batch_.set_media_type(row, media_type_of(row));
    name = batch_.text(ChannelField::kChannelName, row);
    batch_.set_key(row, spill::key_of(url, name));
    if (source_.with_ids) batch_.set_id(row, channel_id(source_.id, channel_key(url, name)));
    forget_entry();
  }

  /// Reads the entry's #EXTINF line into `row` (the last one) and returns its name.
  std::string_view read_extinf(std::size_t row) {
    std::string_view text = extinf_.substr(kExtinf.size());
    batch_.set_duration(row, take_duration(text));
    AttributeCursor cursor(text);
    while (cursor.next()) {
      if (cursor.value().empty()) continue;
      const auto field = catalog::field_of_attribute(cursor.key());
      if (!field)
        batch_.push_attribute({.key = cursor.key(), .value = cursor.value()});
      else if (batch_.text(*field, row).empty())
        batch_.set_text(*field, row, cursor.value());
    }
    if (!cursor.found_comma())
      problems_.add("missing_comma", extinf_line_, 0, extinf_);
    else if (cursor.found_stray_text())
      problems_.add("stray_text", extinf_line_, 0, extinf_);
    if (cursor.found_open_quote()) problems_.add("missing_quote", extinf_line_, 0, extinf_);
    return cursor.rest();
  }

  void apply_header_defaults(std::size_t row) {
    if (!source_.header.tvg_shift.empty() && batch_.text(ChannelField::kTvgShift, row).empty())
      batch_.set_text(ChannelField::kTvgShift, row, source_.header.tvg_shift);
    for (const auto& [key, value] : source_.header.catchup)
      if (batch_.attribute(row, key).empty()) batch_.push_attribute({.key = key, .value = value});
  }

  void set_name(std::size_t row, std::string_view name) {
    if (name.empty()) {
      if (!extinf_.empty()) problems_.add("empty_name", extinf_line_, 0, extinf_);
      name = trim(batch_.text(ChannelField::kTvgName, row));
    }
    if (name.empty()) name = trim(batch_.text(ChannelField::kTvgId, row));
    if (name.empty()) name = last_path_component(batch_.text(ChannelField::kStreamUrl, row));
    batch_.set_text(ChannelField::kChannelName, row, name);
  }

  [[nodiscard]] MediaType media_type_of(std::size_t row) const {
    for (const catalog::Attribute& attribute : batch_.attributes(row))
      if (equals_ascii_case(attribute.key, "tvg-type") || equals_ascii_case(attribute.key, "type"))
        return media_type_of_word(attribute.value);
    static constexpr std::string_view kType = "#EXT-X-PLAYLIST-TYPE:";
    for (const std::string_view directive : batch_.directives(row))
      if (starts_with_ascii_case(directive, kType))
        return media_type_of_word(trim(directive.substr(kType.size())));
    return media_type_of_url(batch_.text(ChannelField::kStreamUrl, row));
  }

  const M3uChunk& chunk_;
  const M3uSource& source_;
  ChannelBatch& batch_;
  ProblemLog& problems_;
  bool valid_utf8_;
  std::uint64_t line_ = 0;
  std::string_view extinf_;
  std::uint64_t extinf_line_ = 0;
  std::string_view group_;
  std::vector<std::string_view> directives_;
  bool skip_next_url_ = false;
  std::string converted_;
};

}  // namespace

void parse_m3u(const M3uChunk& chunk, const M3uSource& source, ChannelBatch& batch,
               ProblemLog& problems) {
  ChunkParser(chunk, source, batch, problems).run();
}

}  // namespace m3u_proxy::formats
