#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_loader.hpp>
#include <m3u_proxy/sources/xtream_playlist.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr std::string_view kModule = "sources";

struct Actions {
  std::string_view streams;
  std::string_view categories;
};
Actions actions_of(XtreamKind kind) {
  switch (kind) {
    case XtreamKind::kLive:
      return {.streams = "get_live_streams", .categories = "get_live_categories"};
    case XtreamKind::kVod:
      return {.streams = "get_vod_streams", .categories = "get_vod_categories"};
    case XtreamKind::kSeries:
      return {.streams = "get_series", .categories = "get_series_categories"};
  }
  return {};
}

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// How what is kept of a series is marked that does not say when it changed: when it was asked for.
constexpr std::string_view kAsked = "asked ";

/// A series whose episodes are not kept, or have changed.
struct StaleSeries {
  std::int64_t changed = 0;  ///< 0: it does not say
  std::int64_t asked = 0;    ///< when, of one that does not say; 0: never
  std::string id{};
  std::string version{};  ///< what its episodes are kept under
};

/// The last changed first; of those that do not say, who was never asked for and who waits longest.
bool goes_before(const StaleSeries& a, const StaleSeries& b) {
  return std::tie(b.changed, a.asked, a.id) < std::tie(a.changed, b.asked, b.id);
}

class Loader {
 public:
  Loader(const XtreamAccount& account, const XtreamAccess& access)
      : account_(account), access_(access), content_(std::make_shared<XtreamContent>()) {
    content_->account = account;
  }

  Result<std::shared_ptr<const StoredSource>> run() {
    M3U_CHECK(ask_account());
    for (const XtreamKind kind : kXtreamKinds)
      if (account_.wants(kind)) M3U_CHECK(load_list(kind));
    if (account_.series) M3U_CHECK(load_episodes());
    content_->bytes = bytes_;
    info_.bytes = bytes_;
    return std::make_shared<const StoredSource>(
        std::move(info_),
        [content = std::shared_ptr<const XtreamContent>(content_), budget = access_.budget](
            std::shared_ptr<ProblemLog> problems) -> Result<std::unique_ptr<io::ByteSource>> {
          return make_xtream_playlist(content, *budget, std::move(problems));
        });
  }

 private:
  [[nodiscard]] OpenBytes opener(std::shared_ptr<const StoredSource> stored) const {
    return [stored = std::move(stored),
            budget = access_.budget]() -> Result<std::unique_ptr<io::ByteSource>> {
      M3U_TRY(auto bytes, stored->open());
      return io::make_inflating_source(std::move(bytes), *budget);
    };
  }

  Result<std::shared_ptr<const StoredSource>> get(std::string_view action) {
    M3U_TRY(auto stored, access_.get(account_.api_url(action)));
    const SourceInfo& info = stored->info();
    info_.partial |= info.partial;
    info_.from_cache |= info.from_cache;
    info_.age_s = std::max(info_.age_s, info.age_s);
    if (info.error && !info_.error) info_.error = info.error;
    return stored;
  }

  // -- the account --

  Result<> ask_account() {
    M3U_TRY(const auto stored, get(""));
    M3U_TRY(const auto bytes, opener(stored)());
    M3U_TRY(JsonRecords records, JsonRecords::create(*bytes, *access_.budget));
    XtreamRecordReader reader;
    ProblemLog ignored;
    while (true) {
      M3U_TRY(const auto json, records.next(ignored));
      if (!json) break;
      const XtreamRecord* const record = reader.read(*json, ignored);
      if (record != nullptr && !record->auth.empty()) return judge(*record);
    }
    return fail(ErrorCode::kParse, "the provider answered with something else than an account",
                "check the address: it is that of the server, without a path");
  }

  Result<> judge(const XtreamRecord& record) {
    if (record.auth == "0" || record.auth == "false")
      return fail(ErrorCode::kNetwork, "the provider refuses the account" + words_of(record),
                  "check the user name and the password");
    XtreamStatus status{.status = std::string(record.status),
                        .active_connections = number_of(record.active_connections),
                        .max_connections = number_of(record.max_connections)};
    if (const auto expires = parse_date(record.expires); expires && *expires > 0)
      status.expires = expires;
    constexpr std::string_view kUnusable[] = {"expired", "banned", "disabled"};
    for (const std::string_view word : kUnusable)
      if (equals_ascii_case(status.status, word))
        return fail(ErrorCode::kNetwork,
                    fmt::format("the account is {}{}{}", word,
                                status.expires ? " since " + date_of(*status.expires) : "",
                                words_of(record)),
                    "ask the provider");
    log::info(kModule, "{}: the account is {}, {}, {} of {} connections in use", access_.source,
              status.status.empty() ? "usable" : excerpt(status.status, 20),
              status.expires ? "until " + date_of(*status.expires) : "without an end",
              status.active_connections, status.max_connections);
    const auto& formats = record.formats;
    const auto allows = [&](std::string_view format) {
      return std::ranges::any_of(
          formats, [&](std::string_view one) { return equals_ascii_case(one, format); });
    };
    if (!account_.output.empty())
      content_->live_extension = account_.output;
    else if (!allows("ts") && (allows("m3u8") || allows("hls")))
      content_->live_extension = "m3u8";
    info_.account = std::move(status);
    return {};
  }

  static std::string words_of(const XtreamRecord& record) {
    constexpr std::size_t kShown = 80;
    return record.message.empty() ? "" : fmt::format(": \"{}\"", excerpt(record.message, kShown));
  }

  static std::string date_of(std::int64_t instant) {
    constexpr std::size_t kDate = 10;
    return format_rfc3339(instant).substr(0, kDate);
  }

  // -- the lists --

  Result<> load_list(XtreamKind kind) {
    const Actions actions = actions_of(kind);
    M3U_TRY(OpenBytes categories, load_categories(actions.categories));
    M3U_TRY(const auto streams, get(actions.streams));
    bytes_ += streams->info().bytes.value_or(0);
    if (kind == XtreamKind::kSeries) series_ = opener(streams);
    content_->lists.push_back(
        {.kind = kind, .streams = opener(streams), .categories = std::move(categories)});
    return {};
  }

  /// Some servers do not know this request or answer it with nothing: channels without their groups
  /// are better than none, where these do not choose the channels.
  Result<OpenBytes> load_categories(std::string_view action) {
    auto stored = get(action);
    if (stored) return opener(*std::move(stored));
    const Error error = std::move(stored).error();
    const bool is_missing = error.code == ErrorCode::kNotFound || error.code == ErrorCode::kParse;
    if (!is_missing || !account_.categories.empty()) return fail(error);
    log::warn(kModule, "{}: {}", access_.source, to_string(error));
    return [error]() -> Result<std::unique_ptr<io::ByteSource>> { return fail(error); };
  }

  // -- episodes --

  [[nodiscard]] std::string info_url(std::string_view series_id) const {
    return account_.api_url("get_series_info", fmt::format("&series_id={}", series_id));
  }

  Result<> load_episodes() {
    M3U_TRY(const std::vector<StaleSeries> stale, find_stale());
    std::size_t failures = 0;
    std::size_t done = 0;
    for (std::size_t i = 0; i < stale.size(); ++i) {
      constexpr std::size_t kTooMany = 3;
      const StaleSeries& series = stale[i];
      if (access_.on_series) access_.on_series(i, stale.size());
      const auto fetched = access_.fetch(info_url(series.id));
      if (!fetched) {
        if (fetched.error().code == ErrorCode::kCancelled) return fail(fetched.error());
        log::warn(kModule, "{}: {}", access_.source, to_string(fetched.error()));
        if (++failures == kTooMany) break;
        continue;
      }
      ++done;
      keep(series, *fetched);
    }
    if (stale_count_ != 0)
      log::info(kModule, "{}: asked for the episodes of {} of {} series that are new or changed{}",
                access_.source, done, stale_count_,
                stale_count_ == done ? ""
                : access_.cache      ? "; the next runs ask for more"
                                     : "; --cache-dir keeps them from run to run");
    content_->episodes =
        [cache = access_.cache, account = account_, fresh = fresh_,
         budget = access_.budget](std::string_view id) -> std::unique_ptr<io::ByteSource> {
      if (const auto found = fresh.find(id); found != fresh.end())
        return io::make_inflating_source(io::make_temp_file_source(found->second), *budget);
      if (cache == nullptr) return nullptr;
      const auto copy =
          cache->find(account.api_url("get_series_info", fmt::format("&series_id={}", id)));
      return copy ? io::make_inflating_source(copy->open(), *budget) : nullptr;
    };
    return {};
  }

  /// The series whose episodes are asked for in this run, in that order.
  Result<std::vector<StaleSeries>> find_stale() {
    std::vector<StaleSeries> newest;
    if (account_.episodes == 0) return newest;
    M3U_TRY(const auto source, series_());
    M3U_TRY(JsonRecords records, JsonRecords::create(*source, *access_.budget));
    XtreamRecordReader reader;
    ProblemLog ignored;  // counted when the playlist is read
    while (true) {
      const auto json = records.next(ignored);
      if (!json && json.error().code == ErrorCode::kOverBudget) return fail(json.error());
      if (!json || !*json) break;
      const XtreamRecord* const record = reader.read(**json, ignored);
      if (record == nullptr) {
        records.resume_inside();
        continue;
      }
      auto stale = record->id.empty() ? std::nullopt : if_stale(*record);
      if (!stale) continue;
      ++stale_count_;
      newest.push_back(*std::move(stale));
      std::ranges::push_heap(newest, goes_before);  // at the front is who goes last
      if (newest.size() <= account_.episodes) continue;
      std::ranges::pop_heap(newest, goes_before);
      newest.pop_back();
    }
    std::ranges::sort_heap(newest, goes_before);
    return newest;
  }

  /// nullopt: its episodes are kept, and are still what the provider has.
  [[nodiscard]] std::optional<StaleSeries> if_stale(const XtreamRecord& series) const {
    constexpr std::int64_t kWeek = std::int64_t{7} * 24 * 60 * 60;
    const std::int64_t changed = std::max<std::int64_t>(0, number_of(series.last_modified));
    StaleSeries stale{.changed = changed, .id = std::string(series.id)};
    stale.version =
        changed > 0 ? std::string(series.last_modified) : fmt::format("{}{}", kAsked, access_.now);
    const auto copy =
        access_.cache ? access_.cache->find(info_url(series.id)) : std::optional<CachedCopy>();
    if (!copy) return stale;
    if (changed > 0 && copy->etag != stale.version) return stale;
    SourceCache::confirm_daily(*copy);  // it is used until another one is there
    if (changed > 0) return std::nullopt;
    const std::string_view mark = copy->etag;
    // An older version did not mark it: then it is asked for soon.
    stale.asked = mark.starts_with(kAsked) ? number_of(mark.substr(kAsked.size())) : 1;
    if (stale.asked <= access_.now && access_.now - stale.asked < kWeek) return std::nullopt;
    return stale;
  }

  void keep(const StaleSeries& series, const std::shared_ptr<io::TempFile>& file) {
    if (access_.cache != nullptr) {
      const auto kept = access_.cache->store(info_url(series.id), series.version, "", *file);
      if (kept) return;
      log::warn(kModule, "{}: the episodes of a series are not kept: {}", access_.source,
                to_string(kept.error()));
    }
    fresh_.emplace(series.id, file);
  }

  const XtreamAccount& account_;
  const XtreamAccess& access_;
  std::shared_ptr<XtreamContent> content_;
  SourceInfo info_;
  std::uint64_t bytes_ = 0;
  OpenBytes series_;
  std::uint64_t stale_count_ = 0;
  std::map<std::string, std::shared_ptr<const io::TempFile>, std::less<>> fresh_;
};

}  // namespace

Result<std::shared_ptr<const StoredSource>> load_xtream(const XtreamAccount& account,
                                                        const XtreamAccess& access) {
  return Loader(account, access).run();
}

}  // namespace m3u_proxy::sources
