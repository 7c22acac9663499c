// m3u editor: rows of its tables as JSON. Its API shows no addresses of playlists, so it is not
// enough.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/channel_changes.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/programs.hpp>
#include <m3u_proxy/importers/tables.hpp>

namespace m3u_proxy::importers {
namespace {

const Where kWhere{};

/// A cron expression, or "24hr".
std::string refresh_of(const ConfigNode& row) {
  if (!flag_of(row, "auto_sync", true)) return "manual";
  std::string interval = text_of(row, "sync_interval");
  if (interval.ends_with("hr")) interval.pop_back();
  return interval;
}

/// Of the groups that were chosen: those named, and those that begin with a text or fit a pattern.
std::vector<std::string> chosen_groups(const ConfigNode& preferences) {
  std::vector<std::string> names;
  std::vector<std::string> out;
  for (const std::string_view key : {"selected_groups", "selected_vod_groups"})
    for (const ConfigNode& group : items_of(preferences, key)) names.push_back(text_of(group));
  out = is_one_of("group_title", names);
  for (const std::string_view key : {"included_group_prefixes", "included_vod_group_prefixes"}) {
    for (const ConfigNode& prefix : items_of(preferences, key)) {
      const std::string text = text_of(prefix);
      if (!flag_of(preferences, "use_regex", false))
        out.push_back(fmt::format("group_title case_sensitive starts_with {}", text_literal(text)));
      else if (const auto pattern = pattern_for_us(text); pattern)
        out.push_back(matches("group_title", *pattern));
    }
  }
  return out;
}

class EditorReader {
 public:
  EditorReader(const Tables& tables, Imported& out) : tables_(tables), out_(out) {
    for (const ConfigNode& group : tables.rows({"groups"}))
      groups_[text_of(group, "id")] = text_of(group, "name");
    for (const ConfigNode& channel : tables.rows({"epg_channels"}))
      guide_ids_[text_of(channel, "id")] = text_of(channel, "channel_id");
  }

  void read() {
    read_guides();
    for (const ConfigNode& playlist : tables_.rows({"playlists"})) read_playlist(playlist);
    read_merged();
    for (const ConfigNode& custom : tables_.rows({"custom_playlists"}))
      out_.note(kWhere, fmt::format("custom playlist {}", text_of(custom, "name")),
                "has no counterpart; filters of a proxy choose channels");
    for (const ConfigNode& user : tables_.rows({"playlist_auths"}))
      out_.note(kWhere, fmt::format("login {}", text_of(user, "username")),
                "is left out: each proxy has an address with a token of its own");
  }

 private:
  void read_guides() {
    for (const ConfigNode& guide : tables_.rows({"epgs"})) {
      const std::string name = text_of(guide, "name");
      std::string location = text_of(guide, "url");
      if (location.empty()) location = text_of(guide, "uploads");
      if (location.empty() || text_of(guide, "source_type") == "schedules_direct") {
        out_.note(kWhere, fmt::format("EPG {}", name), "has no counterpart");
        continue;
      }
      guides_.push_back(out_.add_epg_source({.name = name,
                                             .location = location,
                                             .user_agent = text_of(guide, "user_agent"),
                                             .refresh = refresh_of(guide)}));
    }
  }

  void read_playlist(const ConfigNode& playlist) {
    const std::string name = text_of(playlist, "name");
    const std::string what = fmt::format("playlist {}", name);
    const ConfigNode account = json_column(playlist, "xtream_config");
    ImportedSource source{.name = name,
                          .user_agent = text_of(playlist, "user_agent"),
                          .refresh = refresh_of(playlist)};
    if (flag_of(playlist, "xtream", false) || text_of(playlist, "source_type") == "xtream")
      source.location = account_of(name, account);
    else
      source.location = text_of(playlist, "url");
    if (source.location.empty())
      return out_.note(
          kWhere, what,
          "has no address and is left out; rows of the table have it, the API does not");
    for (const ConfigMember& header : json_column(playlist, "custom_headers").members)
      source.headers.emplace_back(header.name, text_of(header.value));
    ImportedProxy proxy{.name = name, .epg_sources = guides_};
    const std::string ours = out_.add_source(std::move(source));
    sources_[text_of(playlist, "id")] = ours;
    proxy.sources = {ours};
    if (flag_of(account, "import_epg", false))
      proxy.epg_sources.insert(
          proxy.epg_sources.begin(),
          out_.add_epg_source(
              {.name = name,
               .location = out_.account(name, text_of(account, "url"), text_of(account, "username"),
                                        text_of(account, "password"), "")}));
    read_replacements(playlist, what, ours, proxy);
    read_channels(playlist, ours, proxy);
    read_preferences(playlist, ours, proxy);
    note_rest(playlist, what);
    if (const auto first = number_of(playlist, "channel_start"); first && *first >= 1)
      proxy.starting_channel_number = *first;
    proxies_[ours] = proxy;
    out_.add_proxy(std::move(proxy));
  }

  std::string account_of(std::string_view name, const ConfigNode& account) {
    std::string parameters;
    for (const ConfigNode& kind : items_of(account, "import_options"))
      for (const std::string_view known : {"live", "vod", "series"})
        if (text_of(kind) == known)
          parameters += fmt::format("{}{}", parameters.empty() ? "" : "&", known);
    if (parameters.empty()) parameters = "live";
    if (const std::string output = text_of(account, "output"); output == "ts" || output == "m3u8")
      parameters += "&output=" + output;
    return out_.account(name, text_of(account, "url"), text_of(account, "username"),
                        text_of(account, "password"), parameters);
  }

  /// What is not chosen is left out before anything is changed.
  void read_preferences(const ConfigNode& playlist, const std::string& source,
                        ImportedProxy& proxy) {
    const ConfigNode preferences = json_column(playlist, "import_prefs");
    std::vector<std::string> unwanted;
    if (flag_of(preferences, "preprocess", false))
      if (const std::vector<std::string> chosen = chosen_groups(preferences); !chosen.empty())
        unwanted.push_back(fmt::format("NOT ({})", any_of(chosen)));
    for (const ConfigNode& type : items_of(preferences, "ignored_file_types"))
      unwanted.push_back(
          fmt::format("stream_url case_sensitive ends_with {}", text_literal(text_of(type))));
    if (!unwanted.empty())
      add_first_filter(out_, fmt::format("left out of {}", proxy.name), source,
                       fmt::format("({})", any_of(unwanted)), proxy);
  }

  void read_replacements(const ConfigNode& playlist, const std::string& what,
                         const std::string& source, ImportedProxy& proxy) {
    for (const ConfigNode& row : json_column(playlist, "find_replace_rules").items) {
      if (!flag_of(row, "enabled", true)) continue;
      std::string name = text_of(row, "name");
      if (name.empty()) name = "find and replace";
      const std::string column = text_of(row, "column");
      const std::string_view field = column == "group"  ? "group_title"
                                     : column == "logo" ? "tvg_logo"
                                     : column == "url"  ? "stream_url"
                                     : column == "title" || column == "name" || column.empty()
                                         ? "channel_name"
                                         : "";
      const bool is_pattern = flag_of(row, "use_regex", true);
      const std::string wanted = text_of(row, "find_replace");
      const auto rule = [&]() -> Result<std::string> {
        if (flag_of(row, "conditions_enabled", false))
          return fail(ErrorCode::kConfig, "its conditions have no counterpart");
        if (field.empty())
          return fail(ErrorCode::kConfig, fmt::format("there is no column {} here", column));
        const std::string replacement = text_of(row, "replace_with");
        if (is_pattern) return replacing_rule(field, wanted, replacement);
        return replacing_rule(field, escaped_pattern(wanted), literal(replacement));
      }();
      if (rule)
        proxy.rules.push_back(out_.add_rule(
            name, fmt::format("source_name == {} AND {}", text_literal(source), *rule)));
      else
        out_.note(kWhere, fmt::format("{} of {}", name, what),
                  fmt::format("left out, {}", rule.error().message));
    }
  }

  static std::string literal(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '$' ? std::string("$$") : std::string(1, c);
    return out;
  }

  /// Channels are switched on and off, named and numbered one by one.
  void read_channels(const ConfigNode& playlist, const std::string& source, ImportedProxy& proxy) {
    std::vector<ChannelChange> changes;
    for (const ConfigNode& channel : tables_.rows({"channels"})) {
      if (text_of(channel, "playlist_id") != text_of(playlist, "id")) continue;
      ChannelChange change{.source = source, .name = text_of(channel, "title")};
      if (change.name.empty()) change.name = text_of(channel, "name");
      change.hidden = !flag_of(channel, "enabled", true);
      const auto set = [&](std::string_view field, const std::string& text) {
        if (!text.empty()) change.values.emplace_back(field, text);
      };
      set("tvg_chno", text_of(channel, "channel"));
      set("channel_name", text_of(channel, "title_custom"));
      if (const auto group = groups_.find(text_of(channel, "group_id"));
          group != groups_.end() && group->second != text_of(channel, "group_internal"))
        set("group_title", group->second);
      set("tvg_id", text_of(channel, "stream_id_custom"));
      if (const auto guide = guide_ids_.find(text_of(channel, "epg_channel_id"));
          guide != guide_ids_.end())
        set("tvg_id", guide->second);
      set("tvg_logo", text_of(channel, "logo"));
      set("stream_url", text_of(channel, "url_custom"));
      changes.push_back(std::move(change));
    }
    add_channel_changes(out_, std::move(changes), OtherChannels::kStay, proxy);
  }

  void note_rest(const ConfigNode& playlist, const std::string& what) {
    if (!json_column(playlist, "xtream_fallback_urls").items.empty())
      out_.note(kWhere, fmt::format("xtream_fallback_urls of {}", what), "have no counterpart");
    if (flag_of(playlist, "enable_proxy", false))
      out_.note(kWhere, fmt::format("enable_proxy of {}", what),
                "players get the streams' own addresses; see mode of a proxy");
    if (!json_column(playlist, "sort_alpha_config").items.empty())
      out_.note(kWhere, fmt::format("sort_alpha_config of {}", what), "see sort of a proxy");
  }

  /// A merged playlist is a proxy of several sources.
  void read_merged() {
    for (const ConfigNode& merged : tables_.rows({"merged_playlists"})) {
      ImportedProxy proxy{.name = text_of(merged, "name")};
      for (const ConfigNode& row : tables_.rows({"merged_playlist_playlist"})) {
        if (text_of(row, "merged_playlist_id") != text_of(merged, "id")) continue;
        const auto source = sources_.find(text_of(row, "playlist_id"));
        if (source == sources_.end()) continue;
        const ImportedProxy& part = proxies_[source->second];
        const auto append = [&](std::vector<std::string> ImportedProxy::* list) {
          for (const std::string& name : part.*list)
            if (std::ranges::find(proxy.*list, name) == (proxy.*list).end())
              (proxy.*list).push_back(name);
        };
        append(&ImportedProxy::sources);
        append(&ImportedProxy::epg_sources);
        append(&ImportedProxy::rules);
        append(&ImportedProxy::filters);
      }
      if (proxy.sources.empty())
        out_.note(kWhere, fmt::format("merged playlist {}", proxy.name),
                  "has no playlists that are known and is left out");
      else
        out_.add_proxy(std::move(proxy));
    }
  }

  const Tables& tables_;
  Imported& out_;
  std::map<std::string, std::string> groups_, guide_ids_, sources_;
  std::map<std::string, ImportedProxy> proxies_;
  std::vector<std::string> guides_;
};

}  // namespace

Result<> read_m3u_editor(const std::filesystem::path& path, Imported& out) {
  M3U_TRY(const Tables tables, Tables::read(path));
  EditorReader(tables, out).read();
  return {};
}

}  // namespace m3u_proxy::importers
