// xTeVe (2.x) and Threadfin (1.x): settings.json, xepg.json, urls.json.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/channel_changes.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/programs.hpp>

namespace m3u_proxy::importers {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (const std::string_view word = trim(list.substr(0, end)); !word.empty())
      out.emplace_back(word);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

/// Takes `{…}` behind `mark` out of a rule: "sport !{SD,UK} {HD}".
std::string take_braces(std::string& rule, std::string_view mark) {
  const std::size_t begin = rule.find(fmt::format("{}{{", mark));
  if (begin == std::string::npos) return "";
  const std::size_t end = rule.find('}', begin);
  if (end == std::string::npos) return "";
  std::string inside = rule.substr(begin + mark.size() + 1, end - begin - mark.size() - 1);
  rule.erase(begin, end + 1 - begin);
  rule = trim(rule);
  return inside;
}

class XteveReader {
 public:
  XteveReader(std::string_view program, Imported& out)
      : program_(program), out_(out), proxy_{.name = std::string(program)} {}

  void read_settings(const ConfigNode& settings) {
    agent_ = text_of(settings, "user.agent");
    if (agent_ == program_) agent_.clear();  // the program's own
    refresh_ = refresh(settings);
    if (const ConfigNode* const files = find(settings, "files"); files != nullptr) {
      read_files(*files, "m3u");
      read_files(*files, "hdhr");
      read_files(*files, "xmltv");
    }
    read_filters(settings);
    const std::string port = text_of(settings, "port");
    const std::string address = text_of(settings, "bindIpAddress");
    if (!port.empty()) out_.listen = fmt::format("{}:{}", address.empty() ? "[::]" : address, port);
    proxy_.starting_channel_number = number_of(settings, "mapping.first.channel");
    if (proxy_.starting_channel_number && *proxy_.starting_channel_number < 1)
      proxy_.starting_channel_number.reset();
    uses_xepg_ = text_of(settings, "epgSource") != "PMS";
    note_rest(settings);
  }

  void read_xepg(const ConfigNode& xepg) {
    if (!uses_xepg_) {
      out_.note({.source = "xepg.json"}, "channels",
                "are not used there (EPG source PMS) and left out");
      return;
    }
    std::vector<ChannelChange> changes;
    std::size_t backups = 0;
    for (const ConfigMember& member : xepg.members) {
      if (member.value.kind != ConfigNode::Kind::kTable) continue;
      changes.push_back(change_of(member.value));
      for (const std::string_view key :
           {"x-backup-channel-1", "x-backup-channel-2", "x-backup-channel-3"})
        if (const std::string name = text_of(member.value, key); !name.empty() && name != "-") {
          ++backups;
          break;
        }
    }
    if (backups > 0)
      out_.note({.source = "xepg.json"}, "backup channels",
                fmt::format("have no counterpart; channels that have some: {}", backups));
    add_channel_changes(out_, std::move(changes), OtherChannels::kStay, proxy_);
  }

  /// Filters looked at what the channels were called before they were changed.
  void finish() {
    if (!kept_.empty() && !proxy_.rules.empty()) {
      std::vector<std::string> conditions;
      for (const auto& [name, condition] : kept_) conditions.push_back(condition);
      add_first_filter(out_, fmt::format("filters of {}", program_), "",
                       fmt::format("NOT (({}))", fmt::join(conditions, ") OR (")), proxy_);
    } else {
      for (auto& [name, condition] : kept_)
        proxy_.filters.push_back(out_.add_filter(name, "include", condition));
    }
    out_.add_proxy(std::move(proxy_));
  }

 private:
  /// `update` is a list of times, "0430".
  std::string refresh(const ConfigNode& settings) {
    std::vector<std::string> hours;
    std::string minute;
    for (const ConfigNode& item : items_of(settings, "update")) {
      const std::string time = text_of(item);
      if (time.size() != 4 || !std::ranges::all_of(time, is_ascii_digit)) continue;
      const std::string at = time.substr(2) == "00" ? "0" : time.substr(2);
      if (minute.empty()) minute = at;
      if (minute == at)
        hours.push_back(fmt::format("{}", (time[0] - '0') * 10 + (time[1] - '0')));
      else
        out_.note({.source = "settings.json"}, fmt::format("update at {}", time),
                  "does not fit into one schedule with the others and is left out");
    }
    return hours.empty() ? "" : fmt::format("{} {} * * *", minute, fmt::join(hours, ","));
  }

  void read_files(const ConfigNode& files, std::string_view kind) {
    const ConfigNode* const table = find(files, kind);
    if (table == nullptr || table->kind != ConfigNode::Kind::kTable) return;
    for (const ConfigMember& member : table->members) {
      const ConfigNode& file = member.value;
      ImportedSource source{.name = text_of(file, "name"),
                            .location = text_of(file, "file.source"),
                            .user_agent = agent_};
      if (source.name.empty()) source.name = member.name;
      if (source.location.empty()) {
        out_.note({.source = "settings.json"}, source.name, "has no address and is left out");
        continue;
      }
      for (const std::string_view header : {"origin", "referer"})
        if (const std::string value = text_of(file, fmt::format("http_headers.{}", header));
            !value.empty())
          source.headers.emplace_back(header == "origin" ? "Origin" : "Referer", value);
      if (const std::string proxy = text_of(file, "http_proxy.ip"); !proxy.empty())
        out_.note({.source = "settings.json"}, fmt::format("http_proxy of {}", source.name),
                  "has no counterpart; the variable https_proxy holds for all downloads");
      add_file(kind, member.name, std::move(source));
    }
  }

  void add_file(std::string_view kind, const std::string& id, ImportedSource source) {
    if (kind == "xmltv") {
      proxy_.epg_sources.push_back(out_.add_epg_source(std::move(source)));
      return;
    }
    if (kind == "hdhr") {
      out_.note({.source = "settings.json"}, fmt::format("tuner {}", source.name),
                "becomes a source by its lineup.m3u");
      source.location = fmt::format("http://{}/lineup.m3u", source.location);
    }
    const std::string name = out_.add_source(std::move(source));
    names_[id] = name;
    proxy_.sources.push_back(name);
  }

  /// A stream stays when one of the filters lets it.
  void read_filters(const ConfigNode& settings) {
    const ConfigNode* const filters = find(settings, "filter");
    if (filters == nullptr || flag_of(settings, "ignoreFilters", false)) return;
    for (const ConfigMember& member : filters->members) {
      const ConfigNode& filter = member.value;
      std::string name = text_of(filter, "name");
      if (name.empty()) name = fmt::format("filter {}", member.name);
      if (!flag_of(filter, "active", true)) {
        out_.note({.source = "settings.json"}, name, "is switched off there and left out");
        continue;
      }
      kept_.emplace_back(name, condition_of(filter));
      for (const std::string_view key : {"startingNumber", "x-category"})
        if (!text_of(filter, key).empty())
          out_.note({.source = "settings.json"}, fmt::format("{} of filter {}", key, name),
                    "has no counterpart; see ranges of a proxy and [[rules]]");
    }
  }

  static std::string condition_of(const ConfigNode& filter) {
    std::string rule = text_of(filter, "filter");
    const bool by_group = text_of(filter, "type") == "group-title";
    std::string exclude = text_of(filter, "exclude");
    std::string include = text_of(filter, "include");
    if (!by_group) {
      if (const std::string inside = take_braces(rule, "!"); !inside.empty()) exclude = inside;
      if (const std::string inside = take_braces(rule, ""); !inside.empty()) include = inside;
    }
    const std::string_view exact = flag_of(filter, "caseSensitive", false) ? "case_sensitive " : "";
    // A custom filter looks at everything in the line of a channel.
    const auto holds = [&](std::string_view text) {
      std::vector<std::string> fields;
      for (const std::string_view field :
           {"channel_name", "group_title", "tvg_id", "tvg_name", "tvg_logo"}) {
        fields.push_back(fmt::format("{} {}contains {}", field, exact, text_literal(text)));
        if (by_group) break;  // those of a group look at the name
      }
      return any_of(fields);
    };
    const auto holds_one = [&](std::string_view list) {
      std::vector<std::string> conditions;
      for (const std::string& word : words_of(list)) conditions.push_back(holds(word));
      return any_of(conditions);
    };
    std::string out = by_group ? fmt::format("group_title {}equals {}", exact, text_literal(rule))
                               : fmt::format("({})", holds(rule));
    if (!words_of(exclude).empty()) out += fmt::format(" AND NOT ({})", holds_one(exclude));
    if (!words_of(include).empty()) out += fmt::format(" AND ({})", holds_one(include));
    return out;
  }

  ChannelChange change_of(const ConfigNode& channel) const {
    ChannelChange change{.source = {}, .name = text_of(channel, "name")};
    if (const auto found = names_.find(text_of(channel, "_file.m3u.id")); found != names_.end())
      change.source = found->second;
    if (!flag_of(channel, "x-active", false) || flag_of(channel, "x-hide-channel", false)) {
      change.hidden = true;
      return change;
    }
    const auto set = [&](std::string_view field, std::string_view theirs, std::string_view before) {
      const std::string value = text_of(channel, theirs);
      if (!value.empty() && value != "-" && value != text_of(channel, before))
        change.values.emplace_back(field, value);
    };
    set("tvg_chno", "x-channelID", "tvg-chno");
    set("channel_name", "x-name", "name");
    set("group_title", "x-group-title", "group-title");
    if (const std::string file = text_of(channel, "x-xmltv-file");
        !file.empty() && file != "-" && !file.ends_with(" Dummy"))
      set("tvg_id", "x-mapping", "tvg-id");
    return change;
  }

  void note_rest(const ConfigNode& settings) {
    const Where where{.source = "settings.json"};
    for (const std::string_view door : {"api", "m3u", "pms", "web", "xml"})
      if (flag_of(settings, fmt::format("authentication.{}", door), false))
        out_.note(where, fmt::format("authentication.{}", door),
                  "is left out: each proxy has an address with a token of its own");
    if (const std::string buffer = text_of(settings, "buffer"); !buffer.empty() && buffer != "-")
      out_.note(where, "buffer", "players get the streams' own addresses; see mode of a proxy");
    if (number_of(settings, "tuner").value_or(1) > 1)
      out_.note(where, "tuner", "has no counterpart");
    for (const std::string_view key : {"cache.images", "ssdp", "dummy"})
      if (flag_of(settings, key, false)) out_.note(where, std::string(key), "has no counterpart");
    if (const std::string udp = text_of(settings, "udpxy"); !udp.empty())
      out_.note(where, "udpxy", "has no counterpart; a rule can rewrite stream_url");
    if (!refresh_.empty()) out_.refresh = refresh_;
  }

  std::string program_;
  Imported& out_;
  ImportedProxy proxy_;
  std::string agent_;
  std::string refresh_;
  bool uses_xepg_ = true;
  std::vector<std::pair<std::string, std::string>> kept_;  // filters and their conditions
  std::map<std::string, std::string> names_;               // by the id of the file
};

}  // namespace

Result<> read_xteve(const fs::path& path, std::string_view program, Imported& out) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  const fs::path folder = is_folder ? path : path.parent_path();
  M3U_TRY(const ConfigNode settings, read_json(is_folder ? folder / "settings.json" : path));
  XteveReader reader(program, out);
  reader.read_settings(settings);
  if (fs::exists(folder / "xepg.json", error)) {
    M3U_TRY(const ConfigNode xepg, read_json(folder / "xepg.json"));
    reader.read_xepg(xepg);
  }
  if (fs::exists(folder / "urls.json", error)) {
    M3U_TRY(const ConfigNode urls, read_json(folder / "urls.json"));
    if (!urls.members.empty())
      out.note({.source = "urls.json"}, "stream addresses",
               fmt::format("{} are not kept: players need the new playlist", urls.members.size()));
  }
  reader.finish();
  return {};
}

}  // namespace m3u_proxy::importers
