#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_categories.hpp>
#include <m3u_proxy/sources/xtream_playlist.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>

namespace m3u_proxy::sources {
namespace {

/// As much text is made before it is given out.
constexpr std::size_t kEnough = std::size_t{64} << 10U;

bool is_plain_word(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest &&
         std::ranges::all_of(text, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c); });
}

bool is_id(std::string_view text) {
  constexpr std::size_t kLongest = 20;
  return is_plain_word(text, kLongest);
}

/// "1" and the like: anything that is neither nothing nor zero.
bool is_set(std::string_view flag) { return !flag.empty() && flag != "0" && flag != "false"; }

class XtreamPlaylist final : public io::ByteSource {
 public:
  XtreamPlaylist(std::shared_ptr<const XtreamContent> content, memory::Budget& budget,
                 std::shared_ptr<ProblemLog> problems)
      : content_(std::move(content)),
        budget_(&budget),
        problems_(std::move(problems)),
        memory_(budget, memory::Tag::kInput),
        text_(&memory_),
        cleaned_(&memory_) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    try {
      if (given_ == text_.size()) M3U_CHECK(make_text());
    } catch (const memory::OverBudget& refused) {
      return fail(refused.error());
    }
    const std::size_t size = std::min(buffer.size(), text_.size() - given_);
    std::memcpy(buffer.data(), text_.data() + given_, size);
    given_ += size;
    return size;
  }

  [[nodiscard]] std::uint64_t consumed() const override {
    return consumed_before_ + (streams_ ? streams_->consumed() : 0);
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return content_->bytes; }

 private:
  Result<> make_text() {
    text_.clear();
    given_ = 0;
    if (std::exchange(at_start_, false)) text_ += "#EXTM3U\n";
    while (text_.size() < kEnough) {
      if (!records_) {
        if (list_ == content_->lists.size()) return {};
        M3U_CHECK(open_list());
      }
      M3U_TRY(const auto json, records_->next(*problems_));
      if (!json) {
        close_list();
        continue;
      }
      const XtreamRecord* const record = reader_.read(*json, *problems_);
      if (record == nullptr) {
        problems_->add("json_broken", 0, 0, *json);
        records_->resume_inside();
        continue;
      }
      M3U_CHECK(add(*record));
    }
    return {};
  }

  Result<> open_list() {
    const XtreamList& list = content_->lists[list_];
    categories_.emplace(*budget_);
    // Channels without their groups are better than none.
    if (const auto read = read_categories(list); !read) {
      if (read.error().code == ErrorCode::kOverBudget) return fail(read.error());
      problems_->add("xtream_no_categories", 0, 0, read.error().message);
    }
    M3U_TRY(streams_, list.streams());
    M3U_TRY(records_, JsonRecords::create(*streams_, *budget_));
    return {};
  }

  Result<> read_categories(const XtreamList& list) {
    M3U_TRY(const auto names, list.categories());
    return categories_->read(*names, *problems_);
  }

  void close_list() {
    consumed_before_ += streams_->consumed();
    records_.reset();
    streams_.reset();
    ++list_;
  }

  Result<> add(const XtreamRecord& record) {
    if (!is_id(record.id)) {
      problems_->add("xtream_without_id", 0, 0, record.name);
      return {};
    }
    if (!categories_->includes(record.categories, content_->account.categories)) return {};
    categories_->join(record.categories, group_);
    const XtreamKind kind = content_->lists[list_].kind;
    if (kind == XtreamKind::kSeries) return add_series(record);
    begin_entry(record);
    if (kind == XtreamKind::kLive) {
      attribute("tvg-chno", is_number(record.number) ? record.number : std::string_view());
      if (is_set(record.archive)) {
        attribute("catchup", "xc");
        attribute("catchup-days", is_number(record.archive_days) ? record.archive_days : "");
      }
    }
    end_entry(record.name, kind, record.id,
              kind == XtreamKind::kLive ? std::string_view(content_->live_extension)
                                        : extension_of(record));
    return {};
  }

  /// A series becomes its episodes, as far as they are known.
  Result<> add_series(const XtreamRecord& series) {
    const auto source = content_->episodes ? content_->episodes(series.id) : nullptr;
    if (!source) {
      problems_->count("xtream_series_without_episodes");
      return {};
    }
    const std::string name(series.name);
    const std::string icon(series.icon);
    M3U_TRY(JsonRecords episodes, JsonRecords::create(*source, *budget_, "episodes"));
    while (true) {
      const auto json = episodes.next(*problems_);
      if (!json && json.error().code == ErrorCode::kOverBudget) return fail(json.error());
      if (!json) {
        problems_->add("xtream_series_without_episodes", 0, 0, json.error().message);
        return {};
      }
      if (!*json) return {};
      const XtreamRecord* const episode = episode_reader_.read(**json, *problems_);
      if (episode == nullptr) {
        problems_->add("json_broken", 0, 0, **json);
        episodes.resume_inside();
        continue;
      }
      add_episode(name, icon, *episode);
    }
  }

  void add_episode(std::string_view series, std::string_view icon, const XtreamRecord& episode) {
    if (!is_id(episode.id)) {
      problems_->add("xtream_without_id", 0, 0, episode.name);
      return;
    }
    XtreamRecord shown = episode;
    if (shown.icon.empty()) shown.icon = icon;
    begin_entry(shown);
    const auto padded = [](std::string_view number) {
      return fmt::format("{}{}", number.size() < 2 ? "0" : "", number);
    };
    std::string name(series);
    if (is_number(episode.season) && is_number(episode.episode))
      name += fmt::format(" S{}E{}", padded(episode.season), padded(episode.episode));
    if (episode.name.starts_with(series))
      name = episode.name;
    else if (!episode.name.empty())
      name += fmt::format(" {}", episode.name);
    end_entry(name, XtreamKind::kSeries, episode.id, extension_of(episode));
  }

  // -- text --

  void begin_entry(const XtreamRecord& record) {
    text_ += "#EXTINF:-1";
    attribute("tvg-id", record.guide_id);
    attribute("tvg-logo", record.icon);
    attribute("group-title", group_);
  }

  void end_entry(std::string_view name, XtreamKind kind, std::string_view id,
                 std::string_view extension) {
    name = formats::clean_value(name, cleaned_);
    while (name.starts_with(',') || name.starts_with(' ')) name.remove_prefix(1);
    text_ += ',';
    text_ += name;
    text_ += '\n';
    text_ += content_->account.stream_url(kind, id, extension);
    text_ += '\n';
  }

  void attribute(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    text_ += ' ';
    text_ += key;
    text_ += "=\"";
    text_ += formats::clean_value(value, cleaned_);
    text_ += '"';
  }

  static bool is_number(std::string_view text) {
    constexpr std::size_t kLongest = 10;
    return !text.empty() && text.size() <= kLongest && std::ranges::all_of(text, is_ascii_digit);
  }

  static std::string_view extension_of(const XtreamRecord& record) {
    constexpr std::size_t kLongest = 8;
    return is_plain_word(record.extension, kLongest) ? record.extension : "mp4";
  }

  std::shared_ptr<const XtreamContent> content_;
  memory::Budget* budget_;
  std::shared_ptr<ProblemLog> problems_;
  memory::BudgetResource memory_;
  formats::OutputText text_;
  formats::OutputText cleaned_;
  std::size_t given_ = 0;  ///< of text_
  bool at_start_ = true;
  std::size_t list_ = 0;
  std::optional<XtreamCategories> categories_;
  std::unique_ptr<io::ByteSource> streams_;
  std::optional<JsonRecords> records_;
  XtreamRecordReader reader_;
  XtreamRecordReader episode_reader_;
  std::string group_;
  std::uint64_t consumed_before_ = 0;
};

}  // namespace

std::unique_ptr<io::ByteSource> make_xtream_playlist(std::shared_ptr<const XtreamContent> content,
                                                     memory::Budget& budget,
                                                     std::shared_ptr<ProblemLog> problems) {
  return std::make_unique<XtreamPlaylist>(std::move(content), budget, std::move(problems));
}

}  // namespace m3u_proxy::sources
