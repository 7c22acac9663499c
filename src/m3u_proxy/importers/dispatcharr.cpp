// Dispatcharr: answers of its API, or its backup's database.json.
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

/// A row's own expression or interval; 0 hours: only when somebody asks.
std::string refresh_of(const ConfigNode& row) {
  if (std::string cron = text_of(row, "cron_expression"); !cron.empty()) return cron;
  const std::int64_t hours = number_of(row, "refresh_interval").value_or(-1);
  if (hours < 0) return "";
  return hours == 0 ? "manual" : interval_of(std::min<std::int64_t>(hours, 8760) * 3600);
}

class DispatcharrReader {
 public:
  DispatcharrReader(const Tables& tables, Imported& out) : tables_(tables), out_(out) {
    for (const ConfigNode& group : tables.rows({"groups", "channel_groups", "channelgroup"}))
      groups_[text_of(group, "id")] = text_of(group, "name");
    for (const ConfigNode& agent : tables.rows({"useragents", "user_agents", "useragent"}))
      agents_[text_of(agent, "id")] = text_of(agent, "user_agent");
    for (const ConfigNode& logo : tables.rows({"logos", "logo"}))
      logos_[text_of(logo, "id")] = text_of(logo, "url");
    for (const ConfigNode& epg : tables.rows({"epgdata", "epg_data"}))
      guide_ids_[text_of(epg, "id")] = text_of(epg, "tvg_id");
  }

  void read() {
    for (const ConfigNode& account : tables_.rows({"accounts", "m3u_accounts", "m3uaccount"}))
      read_account(account);
    read_guides();
    read_channels();
    // What filters leave out never becomes a channel: with channels they have nothing to say.
    if (proxy_.rules.empty())
      for (auto& [name, condition] : unwanted_)
        proxy_.filters.push_back(out_.add_filter(name, "exclude", condition));
    for (const ConfigNode& profile :
         tables_.rows({"profiles", "channel_profiles", "channelprofile"}))
      out_.note(kWhere, fmt::format("channel profile {}", text_of(profile, "name")),
                "is left out: there is one proxy with all channels");
    for (const ConfigNode& user : tables_.rows({"users", "user"}))
      out_.note(kWhere, fmt::format("user {}", text_of(user, "username")),
                "is left out: each proxy has an address with a token of its own");
    out_.add_proxy(std::move(proxy_));
  }

 private:
  void read_account(const ConfigNode& account) {
    const std::string name = text_of(account, "name");
    const std::string what = fmt::format("account {}", name);
    if (name == "custom" && flag_of(account, "locked", false)) return;  // every one has it
    if (!flag_of(account, "is_active", true))
      return out_.note(kWhere, what, "is switched off there and left out");
    ImportedSource source{.name = name, .refresh = refresh_of(account)};
    if (const auto agent = agents_.find(text_of(account, "user_agent")); agent != agents_.end())
      source.user_agent = agent->second;
    const std::string url = text_of(account, "server_url");
    const std::string type = text_of(account, "account_type");
    const bool xtream = type == "XC";
    if (type == "MAC") return out_.note(kWhere, what, "a portal has no counterpart");
    if (xtream) {
      const ConfigNode more = json_column(account, "custom_properties");
      const bool vod = flag_of(account, "enable_vod", flag_of(more, "enable_vod", false));
      source.location =
          out_.account(name, url, text_of(account, "username"), text_of(account, "password"),
                       vod ? "live&vod&series" : "live");
    } else {
      source.location = url.empty() ? text_of(account, "file_path") : url;
    }
    if (source.location.empty()) return out_.note(kWhere, what, "has no address and is left out");
    note_rest(account, what);
    const std::string ours = out_.add_source(std::move(source));
    accounts_[text_of(account, "id")] = ours;
    proxy_.sources.push_back(ours);
    read_groups(account, ours);
    read_filters(account, ours);
  }

  void note_rest(const ConfigNode& account, const std::string& what) {
    if (number_of(account, "max_streams").value_or(0) > 0)
      out_.note(kWhere, fmt::format("max_streams of {}", what), "has no counterpart");
    if (items_of(account, "profiles").size() > 1)
      out_.note(kWhere, fmt::format("profiles of {}", what),
                "further logins of an account are sources of their own here");
    if (!text_of(account, "server_group").empty())
      out_.note(kWhere, fmt::format("server_group of {}", what), "has no counterpart");
  }

  /// Channels of groups that are switched off go.
  void read_groups(const ConfigNode& account, const std::string& source) {
    std::vector<std::string> off;
    const auto look = [&](const ConfigNode& row) {
      const auto group = groups_.find(text_of(row, "channel_group"));
      if (group != groups_.end() && !flag_of(row, "enabled", true)) off.push_back(group->second);
    };
    for (const ConfigNode& row : items_of(account, "channel_groups")) look(row);
    for (const ConfigNode& row : tables_.rows({"channelgroupm3uaccount"}))
      if (text_of(row, "m3u_account") == text_of(account, "id")) look(row);
    for (const std::string& condition : is_one_of("group_title", off))
      exclude(fmt::format("groups of {}", source), source, condition);
  }

  /// The first filter that fits decides; what none fits stays.
  void read_filters(const ConfigNode& account, const std::string& source) {
    std::vector<ConfigNode> filters = items_of(account, "filters");
    for (const ConfigNode& filter : tables_.rows({"m3ufilter"}))
      if (text_of(filter, "m3u_account") == text_of(account, "id")) filters.push_back(filter);
    filters = by_number(std::move(filters), "order", NumberOrder::kSmallestFirst);
    std::string kept;
    for (const ConfigNode& filter : filters) {
      const std::string type = text_of(filter, "filter_type");
      const std::string_view field = type == "name"  ? "channel_name"
                                     : type == "url" ? "stream_url"
                                                     : "group_title";
      const auto pattern = pattern_for_us(text_of(filter, "regex_pattern"));
      if (!pattern) {
        out_.note(kWhere, fmt::format("a filter of account {}", source),
                  fmt::format("left out, {}", pattern.error().message));
        continue;
      }
      const ConfigNode more = json_column(filter, "custom_properties");
      const std::string condition =
          flag_of(more, "case_sensitive", true)
              ? matches(field, *pattern)
              : fmt::format("{} matches {}", field, text_literal(*pattern));
      if (flag_of(filter, "exclude", true))
        exclude(fmt::format("filter of {}", source), source,
                kept.empty() ? condition : fmt::format("{} AND NOT ({})", condition, kept));
      else
        kept += fmt::format("{}{}", kept.empty() ? "" : " OR ", condition);
    }
  }

  void exclude(std::string name, std::string_view source, std::string_view condition) {
    unwanted_.emplace_back(
        std::move(name), fmt::format("source_name == {} AND {}", text_literal(source), condition));
  }

  void read_guides() {
    const std::vector<ConfigNode> guides =
        by_number(tables_.rows({"epg_sources", "sources", "epgsource"}), "priority",
                  NumberOrder::kLargestFirst);
    for (const ConfigNode& guide : guides) {
      const std::string name = text_of(guide, "name");
      const std::string type = text_of(guide, "source_type");
      std::string location = text_of(guide, "url");
      if (location.empty()) location = text_of(guide, "file_path");
      if (!flag_of(guide, "is_active", true))
        out_.note(kWhere, fmt::format("EPG source {}", name), "is switched off there and left out");
      else if ((!type.empty() && type != "xmltv") || location.empty())
        out_.note(kWhere, fmt::format("EPG source {}", name),
                  fmt::format("of type {} has no counterpart", type));
      else
        proxy_.epg_sources.push_back(out_.add_epg_source(
            {.name = name, .location = location, .refresh = refresh_of(guide)}));
    }
  }

  /// Channels are made by hand there, each of streams of the accounts.
  void read_channels() {
    std::map<std::string, const ConfigNode*> streams;
    for (const ConfigNode& stream : tables_.rows({"streams", "stream"}))
      streams[text_of(stream, "id")] = &stream;
    std::map<std::string, std::vector<std::string>> of_channel;
    for (const ConfigNode& row : tables_.rows({"channelstream"}))
      of_channel[text_of(row, "channel")].push_back(text_of(row, "stream"));
    std::vector<ChannelChange> changes;
    std::size_t without = 0;
    std::size_t spare = 0;
    for (const ConfigNode& channel : tables_.rows({"channels", "channel"})) {
      if (flag_of(channel, "hidden_from_output", false)) continue;
      std::vector<std::string> ids = of_channel[text_of(channel, "id")];
      for (const ConfigNode& id : items_of(channel, "streams"))
        ids.push_back(id.kind == ConfigNode::Kind::kTable ? text_of(id, "id") : text_of(id));
      const auto stream = ids.empty() ? streams.end() : streams.find(ids.front());
      if (stream == streams.end()) {
        ++without;
        continue;
      }
      if (ids.size() > 1) ++spare;
      changes.push_back(change_of(channel, *stream->second));
    }
    if (without > 0)
      out_.note(kWhere, "channels without a stream that is known",
                fmt::format("left out, {} of them", without));
    if (spare > 0)
      out_.note(kWhere, "channels with several streams",
                fmt::format("get the first one, {} of them", spare));
    add_channel_changes(out_, std::move(changes), OtherChannels::kGo, proxy_);
  }

  ChannelChange change_of(const ConfigNode& channel, const ConfigNode& stream) const {
    ChannelChange change{.source = {}, .name = text_of(stream, "name")};
    if (const auto found = accounts_.find(text_of(stream, "m3u_account")); found != accounts_.end())
      change.source = found->second;
    const ConfigNode override = json_column(channel, "override");
    const auto value = [&](std::string_view key, std::string_view of_dump) {
      std::string text = text_of(override, key);
      if (text.empty()) text = text_of(channel, key);
      return text.empty() ? text_of(channel, of_dump) : text;
    };
    const auto set = [&](std::string_view field, const std::string& text, std::string_view before) {
      if (!text.empty() && text != before) change.values.emplace_back(field, text);
    };
    const auto known = [](const auto& names, const std::string& id) {
      const auto found = names.find(id);
      return found == names.end() ? std::string() : found->second;
    };
    std::string number = value("channel_number", "channel_number");
    if (number.ends_with(".0")) number.resize(number.size() - 2);
    set("tvg_chno", number, "");
    set("channel_name", value("name", "name"), change.name);
    set("group_title", known(groups_, value("channel_group_id", "channel_group")),
        known(groups_, text_of(stream, "channel_group")));
    std::string guide_id = known(guide_ids_, value("epg_data_id", "epg_data"));
    if (guide_id.empty()) guide_id = value("tvg_id", "tvg_id");
    set("tvg_id", guide_id, text_of(stream, "tvg_id"));
    set("tvg_logo", known(logos_, value("logo_id", "logo")), text_of(stream, "logo_url"));
    return change;
  }

  const Tables& tables_;
  Imported& out_;
  ImportedProxy proxy_{.name = "Dispatcharr"};
  std::vector<std::pair<std::string, std::string>> unwanted_;  // filters and their conditions
  using Names = std::map<std::string, std::string>;
  Names groups_, agents_, logos_, guide_ids_, accounts_;
};

}  // namespace

Result<> read_dispatcharr(const std::filesystem::path& path, Imported& out) {
  M3U_TRY(const Tables tables, Tables::read(path));
  DispatcharrReader(tables, out).read();
  return {};
}

}  // namespace m3u_proxy::importers
