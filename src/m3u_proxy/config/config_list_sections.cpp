// The sections that are lists of tables: sources, filters, rules and proxies.
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/io/transcode.hpp>
#include <m3u_proxy/plugins/manifest.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::config {
namespace {

using Empty = ConfigReader::Empty;
using Guide = guide::GuideOptions;
using Proxy = ProxyConfig;

constexpr Choice<catalog::Domain> kFilterDomains[] = {{"channels", catalog::Domain::kChannels},
                                                      {"programmes", catalog::Domain::kProgrammes}};
constexpr Choice<catalog::Domain> kRuleDomains[] = {
    {"channels", catalog::Domain::kChannels},
    {"programmes", catalog::Domain::kProgrammes},
    {"guide_channels", catalog::Domain::kGuideChannels}};
constexpr Choice<rules::FilterAction> kActions[] = {{"include", rules::FilterAction::kInclude},
                                                    {"exclude", rules::FilterAction::kExclude}};
constexpr Choice<channels::NumberingMode> kNumberings[] = {
    {"preserve", channels::NumberingMode::kPreserve},
    {"sequential", channels::NumberingMode::kSequential},
    {"ranges", channels::NumberingMode::kRanges}};
constexpr Choice<generation::UrlMode> kModes[] = {{"direct", generation::UrlMode::kDirect},
                                                  {"redirect", generation::UrlMode::kRedirect},
                                                  {"proxy", generation::UrlMode::kProxy}};
constexpr Choice<generation::NameStyle> kNameStyles[] = {
    {"plain", generation::NameStyle::kPlain}, {"no_commas", generation::NameStyle::kNoCommas}};
constexpr Choice<guide::GuideMatch> kMatches[] = {{"id", guide::GuideMatch::kId},
                                                  {"casefold", guide::GuideMatch::kCaseFold},
                                                  {"name", guide::GuideMatch::kName}};
constexpr Choice<guide::TvgShift> kShifts[] = {{"emit", guide::TvgShift::kEmit},
                                               {"apply", guide::TvgShift::kApply}};
constexpr Choice<bool> kWindows[] = {{"none", false}, {"days", true}};
constexpr Choice<channels::ChannelOrder> kOrders[] = {
    {"asc", channels::ChannelOrder::kAscending},
    {"desc", channels::ChannelOrder::kDescending},
    {"sequence", channels::ChannelOrder::kSequence}};
constexpr Choice<channels::ChannelCompare> kCompares[] = {
    {"text", channels::ChannelCompare::kText}, {"natural", channels::ChannelCompare::kNatural}};

void location(ConfigReader& reader, const ConfigNode& node, SourceConfig& out) {
  if (!out.location.empty())
    return reader.problem(node.where, reader.path() + " is given beside another path or url",
                          "give one of them");
  reader.text(node, Empty::kRefuse, out.location);
}

void encoding(ConfigReader& reader, const ConfigNode& node, SourceConfig& out) {
  reader.text(node, Empty::kRefuse, out.encoding);
  if (const auto known = io::check_encoding(out.encoding); !known)
    reader.problem(node.where, reader.path() + ": " + known.error().message, known.error().hint);
  if (out.encoding == "auto") out.encoding.clear();
}

void headers(ConfigReader& reader, const ConfigNode& node, SourceConfig& out) {
  reader.text_map(node, out.headers);
}

void time_offset(ConfigReader& reader, const ConfigNode& node, SourceConfig& out) {
  std::string offset;
  if (node.kind == ConfigNode::Kind::kInteger)
    offset = std::to_string(node.integer);
  else
    reader.text(node, Empty::kRefuse, offset);
  if (offset.empty()) return;
  const auto seconds_moved = parse_time_offset(offset);
  if (seconds_moved) {
    out.time_offset_seconds = *seconds_moved;
  } else {
    const Error& error = seconds_moved.error();
    reader.problem(node.where, reader.path() + ": " + error.message, error.hint);
  }
}

void source_plugin(ConfigReader& reader, const ConfigNode& node, SourceConfig& out) {
  reader.text(node, Empty::kRefuse, out.plugin);
  if (!out.plugin.empty() && !plugins::is_plugin_name(out.plugin))
    reader.problem(node.where, reader.path() + " is no plugin's name",
                   "names have 1 to 64 letters, digits, '-' and '_'");
}

constexpr Key<SourceConfig> kSources[] = {
    {"name", Acted::kNow, own_name<&SourceConfig::name>},
    {"id", Acted::kNow, given_id},
    {"renamed_from", Acted::kNow, old_name},
    {"url", Acted::kNow, location},
    {"path", Acted::kNow, location},
    {"user_agent", Acted::kNow, text<Empty::kAllow, &SourceConfig::user_agent>},
    {"headers", Acted::kNow, headers},
    {"refresh", Acted::kNow, text<Empty::kAllow, &SourceConfig::refresh>},
};
// Besides these, [[sources]] have an encoding and a plugin that reads them, and [[epg_sources]],
// which declare their encoding themselves, a time offset.
constexpr Key<SourceConfig> kPlaylistKeys[] = {
    {"channels", Acted::kNow, read_manual_channels},
    {"encoding", Acted::kNow, encoding},
    {"plugin", Acted::kNow, source_plugin},
};
constexpr Key<SourceConfig> kGuideKeys[] = {{"time_offset", Acted::kNow, time_offset}};

void expression(ConfigReader& reader, const ConfigNode& node, ExpressionConfig& out) {
  reader.text(node, Empty::kAllow, out.expression);
  out.where = node.where;
}

constexpr Key<ExpressionConfig> kExpressions[] = {
    {"name", Acted::kNow, own_name<&ExpressionConfig::name>},
    {"id", Acted::kNow, given_id},
    {"renamed_from", Acted::kNow, old_name},
    {"expression", Acted::kNow, expression},
};
// Besides these [[rules]] and [[filters]] have:
constexpr Key<ExpressionConfig> kRuleKeys[] = {
    {"applies_to", Acted::kNow, choice<kRuleDomains, &ExpressionConfig::applies_to>}};
constexpr Key<ExpressionConfig> kFilterKeys[] = {
    {"action", Acted::kNow, choice<kActions, &ExpressionConfig::action>},
    {"applies_to", Acted::kNow, choice<kFilterDomains, &ExpressionConfig::applies_to>}};

using Range = channels::NumberRange;
constexpr Key<Range> kRanges[] = {
    {"source", Acted::kNow, text<Empty::kRefuse, &Range::source>},
    {"group", Acted::kNow, text<Empty::kRefuse, &Range::group>},
    {"first", Acted::kNow, whole<1, kMany, &Range::first>},
    {"last", Acted::kNow, whole<1, kMany, &Range::last>},
};

using SortField = channels::ChannelSortField;

void sort_field(ConfigReader& reader, const ConfigNode& node, SortField& out) {
  std::string name;
  reader.text(node, Empty::kRefuse, name);
  if (name.empty()) return;
  if (auto field = catalog::find_field(catalog::Domain::kChannels, name)) {
    out.field = *std::move(field);
    return;
  }
  const auto close = closest_word(name, catalog::known_names(catalog::Domain::kChannels));
  reader.problem(node.where,
                 fmt::format("{}: \"{}\" is not a field of channels", reader.path(), name),
                 close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
}

void sort_sequence(ConfigReader& reader, const ConfigNode& node, SortField& out) {
  std::vector<Named> patterns;
  reader.names(node, patterns);
  for (const Named& pattern : patterns) {
    auto compiled = rules::Pattern::compile(pattern.name, rules::CaseRule::kIgnore);
    if (compiled)
      out.sequence.push_back(*std::move(compiled));
    else
      reader.problem(pattern.where, fmt::format("{}: \"{}\" is not a regular expression: {}",
                                                reader.path(), pattern.name, compiled.error()));
  }
}

constexpr Key<SortField> kSort[] = {
    {"field", Acted::kNow, sort_field},
    {"order", Acted::kNow, choice<kOrders, &SortField::order>},
    {"compare", Acted::kNow, choice<kCompares, &SortField::compare>},
    {"sequence", Acted::kNow, sort_sequence},
};

void ranges(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  const auto read = [&](const ConfigNode& item) {
    Range range;
    read_table(reader, item, "proxies.ranges", kRanges, {}, range);
    if (range.source.empty() && range.group.empty())
      reader.problem(item.where, reader.path() + " has no source and no group");
    if (item.find("first") == nullptr) reader.problem(item.where, reader.path() + " has no first");
    if (range.last < range.first)
      reader.problem(item.where, reader.path() + ": last is below first");
    out.ranges.push_back(std::move(range));
  };
  for_each_table(reader, node, "a list such as [{ group = \"News\", first = 100 }]", read);
}

void sort(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  const auto read = [&](const ConfigNode& item) {
    SortField field;
    read_table(reader, item, "proxies.sort", kSort, {}, field);
    if (item.find("field") == nullptr) reader.problem(item.where, reader.path() + " has no field");
    const bool by_sequence = field.order == channels::ChannelOrder::kSequence;
    if (by_sequence != (item.find("sequence") != nullptr))
      reader.problem(item.where,
                     reader.path() + ": order = \"sequence\" and sequence belong together",
                     "such as order = \"sequence\", sequence = [\"^News\", \"sport\"]");
    if (by_sequence && item.find("compare") != nullptr)
      reader.problem(item.where,
                     reader.path() + ": compare means nothing with order = \"sequence\"");
    out.sort.push_back(std::move(field));
  };
  for_each_table(reader, node, "a list such as [{ field = \"group_title\", order = \"asc\" }]",
                 read);
}

void base_url(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  reader.text(node, Empty::kAllow, out.base_url);
  while (out.base_url.ends_with('/')) out.base_url.pop_back();
  if (!out.base_url.empty() && !out.base_url.starts_with("http://") &&
      !out.base_url.starts_with("https://"))
    reader.problem(node.where, reader.path() + " does not begin with http:// or https://");
}

void max_shrink(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  reader.share(node, out.max_shrink);
}

void include_past_programmes(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  reader.renamed("include_past_programs", "include_past_programmes");
  reader.boolean(node, out.guide.include_past_programmes);
}

void deduplicate_programmes(ConfigReader& reader, const ConfigNode& node, Proxy& out) {
  reader.renamed("deduplicate_programs", "deduplicate_programmes");
  reader.boolean(node, out.guide.deduplicate_programmes);
}

constexpr std::int64_t kMostDays = 36500;

constexpr Key<Proxy> kProxies[] = {
    {"name", Acted::kNow, own_name<&Proxy::name>},
    {"id", Acted::kNow, given_id},
    {"renamed_from", Acted::kNow, old_name},
    {"sources", Acted::kNow, name_list<&Proxy::sources>},
    {"epg_sources", Acted::kNow, name_list<&Proxy::epg_sources>},
    {"filters", Acted::kNow, name_list<&Proxy::filters>},
    {"rules", Acted::kNow, name_list<&Proxy::rules>},
    {"starting_channel_number", Acted::kNow, whole<1, kMany, &Proxy::starting_channel_number>},
    {"numbering", Acted::kNow, choice<kNumberings, &Proxy::numbering>},
    {"ranges", Acted::kNow, ranges},
    {"sort", Acted::kNow, sort},
    {"mode", Acted::kNow, choice<kModes, &Proxy::mode>},
    {"base_url", Acted::kNow, base_url},
    {"name_style", Acted::kNow, choice<kNameStyles, &Proxy::name_style>},
    {"fill_tvg_id", Acted::kNow, flag<&Proxy::fill_tvg_id>},
    {"compress", Acted::kNow, flag<&Proxy::compress>},
    {"cache_logos", Acted::kNow, flag<&Proxy::cache_logos>},
    {"max_shrink", Acted::kNow, max_shrink},
    {"allow_empty", Acted::kNow, flag<&Proxy::allow_empty>},
    {"public", Acted::kNow, flag<&Proxy::is_public>},
    {"use_playlist_guides", Acted::kNow, flag<&Proxy::use_playlist_guides>},
    {"match", Acted::kNow, choice<kMatches, &Proxy::guide, &Guide::match>},
    {"tvg_shift", Acted::kNow, choice<kShifts, &Proxy::guide, &Guide::tvg_shift>},
    {"window", Acted::kNow, choice<kWindows, &Proxy::guide, &Guide::window>},
    {"days_behind", Acted::kNow, whole<0, kMostDays, &Proxy::guide, &Guide::days_behind>},
    {"days_ahead", Acted::kNow, whole<0, kMostDays, &Proxy::guide, &Guide::days_ahead>},
    {"include_past_programmes", Acted::kNow, flag<&Proxy::guide, &Guide::include_past_programmes>},
    {"deduplicate_programmes", Acted::kNow, flag<&Proxy::guide, &Guide::deduplicate_programmes>},
    {"strict_dtd", Acted::kNow, flag<&Proxy::guide, &Guide::strict_dtd>},
    {"normalize_to_utc", Acted::kNow, flag<&Proxy::guide, &Guide::normalize_to_utc>},
    {"all_channels", Acted::kNow, flag<&Proxy::guide, &Guide::all_channels>},
    // What they were called before:
    {"include_past_programs", Acted::kNow, include_past_programmes},
    {"deduplicate_programs", Acted::kNow, deduplicate_programmes},
};

SourceConfig read_source(ConfigReader& reader, const ConfigNode& item, std::string_view section,
                         std::span<const Key<SourceConfig>> extra) {
  SourceConfig source;
  source.name.where = item.where;
  read_table(reader, item, section, kSources, extra, source);
  if (item.find("name") == nullptr) reader.problem(item.where, reader.path() + " has no name");
  if (source.location.empty() && source.channels.empty() && item.find("url") == nullptr &&
      item.find("path") == nullptr && item.find("channels") == nullptr)
    reader.problem(item.where, reader.path() + " has neither path nor url");
  if (!source.location.empty() && !source.channels.empty())
    reader.problem(item.where, reader.path() + " has channels beside a path or url",
                   "make two sources of it");
  return source;
}

ExpressionConfig read_expression(ConfigReader& reader, const ConfigNode& item,
                                 std::string_view section,
                                 std::span<const Key<ExpressionConfig>> extra) {
  ExpressionConfig out;
  out.name.where = item.where;
  out.where = item.where;
  read_table(reader, item, section, kExpressions, extra, out);
  for (const char* key : {"name", "expression"})
    if (item.find(key) == nullptr)
      reader.problem(item.where, fmt::format("{} has no {}", reader.path(), key));
  if (section == "filters" && item.find("action") == nullptr)
    reader.problem(item.where, reader.path() + " has no action", "say \"include\" or \"exclude\"");
  return out;
}

Proxy read_proxy(ConfigReader& reader, const ConfigNode& item) {
  Proxy proxy;
  proxy.name.where = item.where;
  read_table(reader, item, "proxies", kProxies, {}, proxy);
  if (item.find("name") == nullptr) reader.problem(item.where, reader.path() + " has no name");
  // A number of days asks for a window; the word `window` itself has the last say.
  const bool days_given = item.find("days_behind") != nullptr ||
                          item.find("days_ahead") != nullptr ||
                          item.find("include_past_programmes") != nullptr ||
                          item.find("include_past_programs") != nullptr;
  if (days_given && item.find("window") == nullptr) proxy.guide.window = true;
  return proxy;
}

}  // namespace

bool read_list_section(ConfigReader& reader, std::string_view name, const ConfigNode& list,
                       Configuration& out) {
  const std::string what = fmt::format("a list of tables, each headed [[{}]]", name);
  const auto each = [&](auto read) { for_each_table(reader, list, what, read); };
  if (name == "sources") {
    each([&](const ConfigNode& item) {
      out.sources.push_back(read_source(reader, item, name, kPlaylistKeys));
    });
  } else if (name == "epg_sources") {
    each([&](const ConfigNode& item) {
      out.epg_sources.push_back(read_source(reader, item, name, kGuideKeys));
    });
  } else if (name == "filters") {
    each([&](const ConfigNode& item) {
      out.filters.push_back(read_expression(reader, item, name, kFilterKeys));
    });
  } else if (name == "rules") {
    each([&](const ConfigNode& item) {
      out.rules.push_back(read_expression(reader, item, name, kRuleKeys));
    });
  } else if (name == "proxies") {
    each([&](const ConfigNode& item) { out.proxies.push_back(read_proxy(reader, item)); });
  } else if (name == "edits") {
    each([&](const ConfigNode& item) { out.edits.push_back(read_edit(reader, item)); });
  } else {
    return false;
  }
  return true;
}

Result<std::int64_t> parse_time_offset(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is not a time offset", text),
                "write it as +1h30m, -45m, 2h or 0, with hours up to 23, minutes and seconds up "
                "to 59");
  };
  std::string_view rest = trim(text);
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty()) return bad();
  if (rest == "0") return 0;
  constexpr std::string_view kUnits = "hms";
  constexpr std::array<std::int64_t, 3> kSeconds = {3600, 60, 1};
  constexpr std::array<std::int64_t, 3> kMost = {23, 59, 59};
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!rest.empty()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc{} || end == rest.data() + rest.size() || !is_ascii_digit(rest.front()))
      return bad();
    const std::size_t unit = kUnits.find(ascii_lower(*end));
    if (unit == std::string_view::npos || unit < next_unit || value > kMost[unit]) return bad();
    total += value * kSeconds[unit];
    next_unit = unit + 1;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  }
  return negative ? -total : total;
}

std::vector<SectionKeys> list_sections() {
  auto source_keys = key_names(kSources);
  for (const auto& key : kPlaylistKeys) source_keys.push_back(key.name);
  auto epg_keys = key_names(kSources);
  for (const auto& key : kGuideKeys) epg_keys.push_back(key.name);
  auto filter_keys = key_names(kExpressions);
  auto rule_keys = filter_keys;
  for (const auto& key : kRuleKeys) rule_keys.push_back(key.name);
  for (const auto& key : kFilterKeys) filter_keys.push_back(key.name);
  return {{"sources", std::move(source_keys)}, {"epg_sources", std::move(epg_keys)},
          {"filters", std::move(filter_keys)}, {"rules", std::move(rule_keys)},
          {"proxies", key_names(kProxies)},    edit_section()};
}

}  // namespace m3u_proxy::config
