#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <optional>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_extinf.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;
using catalog::MediaType;

/// Of a word that says what kind of stream it is; none of others (`type="mpeg"`).
std::optional<MediaType> media_type_of_word(std::string_view word) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](auto one) { return equals_ascii_case(word, one); });
  };
  if (is_one_of({"movie", "movies", "vod"})) return MediaType::kMovie;
  if (is_one_of({"series", "serie", "tvshow", "tvshows"})) return MediaType::kSeries;
  if (is_one_of({"live", "tv", "channel", "radio", "event"})) return MediaType::kLive;
  return std::nullopt;
}

/// Whether "ie" is in the text: both words that are looked for in addresses have it, and hardly
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
        extinf_reader_(batch, problems),
        valid_utf8_(is_valid_utf8(chunk.text)) {}

  M3uGroups run() {
    LineCursor cursor(chunk_.text, chunk_.has_cr);
    while (cursor.next()) {
      ++line_;
      std::string_view line = trim_line(cursor.line());
      const LineKind kind = line_kind(line);
      if (kind == LineKind::kSkip && !may_continue()) continue;
      if (line.size() > kMaxLine) {
        skip_long_line(kind, line);
        continue;
      }
      if (!valid_utf8_ && !is_valid_utf8(line)) line = as_windows1252(line);
      take(kind, line);
    }
    finish_unused_extinf();
    drop_directives();
    if (!groups_.open) groups_.rows_before = batch_.rows();
    return groups_;
  }

 private:
  struct Directive {
    std::string_view text;
    std::uint64_t line;
  };

  void take(LineKind kind, std::string_view line) {
    switch (kind) {
      case LineKind::kExtinf:
        if (waits()) finish_unused_extinf();
        extinf_ = line;
        extinf_line_ = line_;
        break;
      case LineKind::kUrl:
        take_url(line);
        break;
      case LineKind::kGroup:
        take_group(line);
        break;
      case LineKind::kNamed:
        if (line_in_source() <= source_.header.comments) break;
        [[fallthrough]];
      case LineKind::kDirective:
        directives_.push_back({.text = line, .line = line_});
        break;
      case LineKind::kHeader:
        open_group({});
        if (line_in_source() > source_.header.lines)
          problems_.add("repeated_header", line_, 0, line);
        break;
      case LineKind::kSkip:
      case LineKind::kGenre:
      case LineKind::kPath:
      case LineKind::kWord:
      case LineKind::kText:
        take_text(kind, line);
        break;
    }
  }

  /// A line that neither begins with `#` nor with a scheme: the rest of the line before, an address
  /// of another kind, or none.
  void take_text(LineKind kind, std::string_view line) {
    if (may_continue() && continues_extinf(extinf_, line)) return join(line);
    if (kind == LineKind::kSkip) return;
    if (source_.header.genres) {
      if (kind == LineKind::kGenre) return open_group(genre_group(line));
      const GenreEntry entry = genre_entry(line);
      if (!entry.url.empty()) return take_genre_entry(entry);
    }
    if (kind == LineKind::kPath || (kind == LineKind::kWord && waits()))
      take_url(line);
    else
      problems_.add("stray_text", line_, 0, line);
  }

  /// Whether an #EXTINF waits for its address.
  [[nodiscard]] bool waits() const { return !extinf_.empty() || skip_next_url_; }
  /// Whether the line before is an #EXTINF, whose value may go on in this one.
  [[nodiscard]] bool may_continue() const { return !extinf_.empty() && extinf_line_ + 1 == line_; }
  [[nodiscard]] std::uint64_t line_in_source() const { return chunk_.first_line + line_ - 1; }

  void join(std::string_view line) {
    if (extinf_.size() + line.size() >= kMaxLine) return skip_long_extinf(line);
    problems_.add("line_joined", line_, 0, line);
    converted_.clear();
    join_extinf(extinf_, line, converted_);
    extinf_ = batch_.store(converted_);
  }

  void take_group(std::string_view line) {
    constexpr std::string_view kGroup = "#EXTGRP";
    constexpr std::size_t kMaxGroup = std::size_t{64} << 10U;
    std::string_view group = trim_blanks(line.substr(kGroup.size()));
    if (group.starts_with(':')) group.remove_prefix(1);
    if (group.starts_with(kFullWidthColon)) group.remove_prefix(kFullWidthColon.size());
    group = trim_blanks(group);
    if (group.size() > kMaxGroup) {
      problems_.add("group_too_long", line_, 0, line);
      group = {};
    }
    if (waits())
      group_ = group;
    else
      open_group(group);
  }

  /// The group of all entries that follow; an empty one is none.
  void open_group(std::string_view group) {
    if (!groups_.open) groups_.rows_before = batch_.rows();
    groups_.open = group;
  }

  std::string_view as_windows1252(std::string_view line) {
    problems_.add("invalid_utf8", line_, 0, line);
    converted_.clear();
    append_windows1252(converted_, line);
    return trim_line(batch_.store(converted_));
  }

  void skip_long_line(LineKind kind, std::string_view line) {
    if (kind == LineKind::kExtinf) {
      finish_unused_extinf();
      return skip_long_extinf(line);
    }
    std::string utf8;
    line = as_utf8(line, utf8);
    if (may_continue() && continues_extinf(extinf_, line)) return skip_long_extinf(line);
    if (kind == LineKind::kSkip) return;
    problems_.add("line_too_long", line_, 0, line.substr(0, kSample));
    const bool is_entry =
        source_.header.genres && kind != LineKind::kGenre && !genre_entry(line).url.empty();
    if (kind == LineKind::kUrl || kind == LineKind::kPath || is_entry ||
        (kind == LineKind::kWord && waits()))
      forget_entry();
  }

  /// Its address is passed too.
  void skip_long_extinf(std::string_view line) {
    problems_.add("line_too_long", line_, 0, line.substr(0, kSample));
    extinf_ = {};
    skip_next_url_ = true;
  }

  /// An #EXTINF that no address followed: a separator, or a broken entry. What belongs to it goes
  /// with it.
  void finish_unused_extinf() {
    if (!waits()) return;
    if (!extinf_.empty()) problems_.add("extinf_without_url", extinf_line_, 0, extinf_);
    drop_directives();
    forget_entry();
  }

  void drop_directives() {
    for (const Directive& directive : directives_)
      problems_.add("directive_without_url", directive.line, 0, directive.text);
    directives_.clear();
  }

  void forget_entry() {
    extinf_ = {};
    group_.reset();
    directives_.clear();
    skip_next_url_ = false;
  }

  void take_url(std::string_view url) {
    if (skip_next_url_) {
      forget_entry();
      return;
    }
    if (url.front() == '"' || url.front() == '\'') url = without_quotes(url);
    const std::size_t row = batch_.add_row(source_.index);
    std::string_view name;
    if (extinf_.empty())
      problems_.add("url_without_extinf", line_, 0, url);
    else
      name = extinf_reader_.read(extinf_, extinf_line_);
    finish_row(row, url, name);
  }

  void take_genre_entry(const GenreEntry& entry) {
    finish_unused_extinf();
    const std::size_t row = batch_.add_row(source_.index);
    if (entry.name.empty()) problems_.add("empty_name", line_, 0, entry.url);
    finish_row(row, entry.url, entry.name);
  }

  /// Gives the last row all that its attributes did not.
  void finish_row(std::size_t row, std::string_view url, std::string_view name) {
    batch_.set_text(ChannelField::kStreamUrl, row, url);
    if (batch_.text(ChannelField::kGroupTitle, row).empty()) set_group(row);
    for (const Directive& directive : directives_) batch_.push_directive(directive.text);
    apply_header_defaults(row);
    set_name(row, name);
    batch_.set_media_type(row, media_type_of(row));
    name = batch_.text(ChannelField::kChannelName, row);
    batch_.set_key(row, spill::key_of(url, name));
    if (source_.with_ids) batch_.set_id(row, channel_id(source_.id, channel_key(url, name, key_)));
    forget_entry();
  }

  /// The entry's own #EXTGRP, else the open one; nothing where OpenGroup has to know it.
  void set_group(std::size_t row) {
    static constexpr std::string_view kNone = "";
    std::string_view group;
    if (group_)
      group = group_->empty() ? kNone : *group_;
    else if (groups_.open)
      group = *groups_.open;
    batch_.set_text(ChannelField::kGroupTitle, row, group);
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
      name = trim_name(batch_.text(ChannelField::kTvgName, row));
    }
    if (name.empty()) name = trim_name(batch_.text(ChannelField::kTvgId, row));
    if (name.empty()) name = last_path_component(batch_.text(ChannelField::kStreamUrl, row));
    batch_.set_text(ChannelField::kChannelName, row, name);
  }

  [[nodiscard]] MediaType media_type_of(std::size_t row) const {
    for (const catalog::Attribute& attribute : batch_.attributes(row))
      if (equals_ascii_case(attribute.key, "tvg-type") || equals_ascii_case(attribute.key, "type"))
        if (const auto type = media_type_of_word(attribute.value)) return *type;
    static constexpr std::string_view kType = "#EXT-X-PLAYLIST-TYPE:";
    for (const std::string_view directive : batch_.directives(row))
      if (starts_with_ascii_case(directive, kType))
        if (const auto type = media_type_of_word(trim(directive.substr(kType.size()))))
          return *type;
    return media_type_of_url(batch_.text(ChannelField::kStreamUrl, row));
  }

  static constexpr std::size_t kSample = 80;

  const M3uChunk& chunk_;
  const M3uSource& source_;
  ChannelBatch& batch_;
  ProblemLog& problems_;
  ExtinfReader extinf_reader_;
  bool valid_utf8_;
  std::string key_;  // of a channel
  std::uint64_t line_ = 0;
  std::string_view extinf_;
  std::uint64_t extinf_line_ = 0;
  std::optional<std::string_view> group_;  // of the entry
  M3uGroups groups_;
  std::vector<Directive> directives_;
  bool skip_next_url_ = false;
  std::string converted_;
};

}  // namespace

M3uGroups parse_m3u(const M3uChunk& chunk, const M3uSource& source, ChannelBatch& batch,
                    ProblemLog& problems) {
  return ChunkParser(chunk, source, batch, problems).run();
}

void OpenGroup::carry(const M3uGroups& groups, ChannelBatch& batch) {
  if (!group_.empty()) {
    std::string_view stored;
    for (std::size_t row = 0; row < groups.rows_before; ++row) {
      const std::string_view own = batch.text(catalog::ChannelField::kGroupTitle, row);
      if (own.data() != nullptr) continue;  // an empty one that the entry itself gave counts too
      if (stored.empty()) stored = batch.store(group_);
      batch.set_text(catalog::ChannelField::kGroupTitle, row, stored);
    }
  }
  if (groups.open) group_ = *groups.open;
}

}  // namespace m3u_proxy::formats
