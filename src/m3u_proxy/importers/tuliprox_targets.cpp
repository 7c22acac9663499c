#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/channel_changes.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/tuliprox.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::string_view kNoCounterpart = "has no counterpart";

class TargetReader {
 public:
  TargetReader(const TuliproxFiles& files, Imported& out) : files_(files), out_(out) {}

  void read(const ConfigNode& target, const std::vector<const TuliproxInput*>& inputs) {
    ImportedProxy proxy{.name = text_of(target, "name")};
    if (proxy.name.empty()) proxy.name = "default";
    what_ = fmt::format("target {}", proxy.name);
    if (!flag_of(target, "enabled", true))
      return out_.note(target.where, what_, "is switched off there and left out");
    for (const TuliproxInput* const input : inputs) {
      proxy.sources.push_back(input->source);
      proxy.epg_sources.insert(proxy.epg_sources.end(), input->epg_sources.begin(),
                               input->epg_sources.end());
      proxy.use_playlist_guides = proxy.use_playlist_guides || input->playlist_guides;
    }
    read_steps(target, proxy);
    read_sort(target, proxy);
    read_options(target, proxy);
    note_rest(target);
    out_.add_proxy(std::move(proxy));
  }

 private:
  /// Filter, rename and map, in the order that it says. Our rules come before our filters: what a
  /// filter before them leaves out is marked, and goes at the end.
  void read_steps(const ConfigNode& target, ImportedProxy& proxy) {
    std::string order = text_of(target, "processing_order");
    if (order.size() != 3) order = "frm";
    std::string condition = read_filter(target);
    for (const char step : order) {
      switch (ascii_lower(step)) {
        case 'f':
          add_filter(condition, has_rules_after(target, order), proxy);
          break;
        case 'r':
          read_renames(target, proxy);
          break;
        default:
          read_mappings(target, proxy);
      }
    }
  }

  static bool has_rules_after(const ConfigNode& target, std::string_view order) {
    const std::size_t filter = std::min(order.find_first_of("fF"), order.size());
    const std::string_view after = order.substr(filter);
    return (after.find_first_of("rR") != std::string_view::npos &&
            !items_of(target, "rename").empty()) ||
           (after.find_first_of("mM") != std::string_view::npos &&
            !items_of(target, "mapping").empty());
  }

  std::string read_filter(const ConfigNode& target) {
    const ConfigNode* const filter = find(target, "filter");
    if (filter == nullptr) return "";
    auto condition = tuliprox_filter(text_of(*filter), files_.templates);
    if (condition) return is_always_true(*condition) ? "" : *condition;
    out_.note(filter->where, fmt::format("filter of {}", what_),
              fmt::format("left out, {}; all channels stay", condition.error().message));
    return "";
  }

  void add_filter(const std::string& condition, bool rules_follow, ImportedProxy& proxy) {
    if (condition.empty()) return;
    if (!rules_follow) {
      proxy.filters.push_back(out_.add_filter(proxy.name, "include", condition));
      return;
    }
    proxy.rules.push_back(out_.add_rule(fmt::format("filter of {}", proxy.name),
                                        fmt::format("NOT ({}) SET {}", condition, kDropAction)));
    proxy.filters.push_back(add_drop_filter(out_));
  }

  void read_renames(const ConfigNode& target, ImportedProxy& proxy) {
    for (const ConfigNode& rename : items_of(target, "rename")) {
      const std::string_view field = tuliprox_field(text_of(rename, "field"));
      const auto rule = [&]() -> Result<std::string> {
        if (field.empty()) return fail(ErrorCode::kConfig, "the field is not known");
        M3U_TRY(const std::string pattern, files_.templates.expanded(text_of(rename, "pattern")));
        return replacing_rule(field, pattern, text_of(rename, "new_name"));
      }();
      if (rule)
        proxy.rules.push_back(out_.add_rule(fmt::format("rename of {}", proxy.name), *rule));
      else
        out_.note(rename.where, fmt::format("a rename of {}", what_),
                  fmt::format("left out, {}", rule.error().message));
    }
  }

  void read_mappings(const ConfigNode& target, ImportedProxy& proxy) {
    for (const ConfigNode& id : items_of(target, "mapping")) {
      const ConfigNode* const mappings = find(files_.mapping, "mappings");
      const std::vector<ConfigNode> known =
          mappings == nullptr ? std::vector<ConfigNode>() : items_of(*mappings, "mapping");
      const auto found = std::ranges::find_if(
          known, [&](const ConfigNode& item) { return text_of(item, "id") == text_of(id); });
      if (found == known.end())
        out_.note(id.where, fmt::format("mapping {} of {}", text_of(id), what_),
                  "is not in mapping.yml");
      else
        read_mapping(*found, proxy);
    }
  }

  void read_mapping(const ConfigNode& mapping, ImportedProxy& proxy) {
    const std::string id = text_of(mapping, "id");
    if (const auto known = mappings_.find(id); known != mappings_.end()) {
      proxy.rules.insert(proxy.rules.end(), known->second.begin(), known->second.end());
      return;
    }
    std::vector<std::string>& names = mappings_[id];
    if (flag_of(mapping, "match_as_ascii", false))
      out_.note(mapping.where, fmt::format("match_as_ascii of mapping {}", id),
                "patterns meet letters with their accents here");
    for (const ConfigNode& mapper : items_of(mapping, "mapper")) {
      const auto rule = [&]() -> Result<std::string> {
        std::string condition;
        if (const std::string filter = text_of(mapper, "filter"); !filter.empty()) {
          M3U_TRY(condition, tuliprox_filter(filter, files_.templates));
        }
        return tuliprox_script(text_of(mapper, "script"), condition, files_.templates);
      }();
      if (rule)
        names.push_back(out_.add_rule(fmt::format("mapping {}", id), *rule));
      else
        out_.note(mapper.where, fmt::format("a mapper of mapping {}", id),
                  fmt::format("left out, {}", rule.error().message));
    }
    for (const ConfigNode& counter : items_of(mapping, "counter"))
      out_.note(counter.where, fmt::format("a counter of mapping {}", id),
                "numbering and ranges of a proxy give numbers here");
    proxy.rules.insert(proxy.rules.end(), names.begin(), names.end());
  }

  void read_sort(const ConfigNode& target, ImportedProxy& proxy) {
    const ConfigNode* const sort = find(target, "sort");
    if (sort == nullptr) return;
    for (const std::string_view form : {"groups", "channels"})
      if (const ConfigNode* const old = find(*sort, form); old != nullptr)
        out_.note(old->where, fmt::format("sort.{} of {}", form, what_),
                  "is of before tuliprox 3.3 and not read; see sort of a proxy");
    for (const ConfigNode& rule : items_of(*sort, "rules")) {
      const std::string order = text_of(rule, "order");
      const auto sequence = files_.templates.expanded_list(items_of(rule, "sequence"));
      const std::string_view field = text_of(rule, "target") == "group"
                                         ? std::string_view("group_title")
                                         : tuliprox_field(text_of(rule, "field"));
      if (order == "none" && (!sequence || sequence->empty())) continue;
      if (field.empty() || !sequence) {
        out_.note(rule.where, fmt::format("a sort rule of {}", what_),
                  fmt::format("left out, {}", sequence ? std::string("the field is not known")
                                                       : sequence.error().message));
        continue;
      }
      if (const auto only = tuliprox_filter(text_of(rule, "filter"), files_.templates);
          only && !is_always_true(*only))
        out_.note(rule.where, fmt::format("a sort rule of {}", what_),
                  "sorts every channel here, its filter is left out");
      if (!sequence->empty())
        proxy.sort.push_back(
            {.field = std::string(field), .order = "sequence", .sequence = *sequence});
      if (order == "asc" || order == "desc")
        proxy.sort.push_back({.field = std::string(field), .order = order});
    }
  }

  void read_options(const ConfigNode& target, ImportedProxy& proxy) {
    const ConfigNode* const options = find(target, "options");
    if (options == nullptr) return;
    for (const ConfigMember& option : options->members) {
      if (option.value.kind == ConfigNode::Kind::kBoolean && !option.value.boolean) continue;
      if (option.name == "ignore_logo")
        proxy.rules.push_back(
            out_.add_rule(fmt::format("no logos in {}", proxy.name), "SET REMOVE tvg_logo"));
      else if (option.name != "remove_duplicates")  // of one source they always go
        out_.note(option.where, fmt::format("options.{} of {}", option.name, what_),
                  std::string(kNoCounterpart));
    }
  }

  void note_rest(const ConfigNode& target) {
    for (const ConfigNode& output : items_of(target, "output")) {
      const std::string type = text_of(output, "type");
      if (type != "m3u")
        out_.note(output.where, fmt::format("output {} of {}", type, what_),
                  std::string(kNoCounterpart));
      if (find(output, "filter") != nullptr)
        out_.note(output.where, fmt::format("filter of output {} of {}", type, what_),
                  "an output has no filter of its own here; make it a proxy");
    }
    for (const std::string_view key : {"favourites", "watch", "curation"})
      if (const ConfigNode* const value = find(target, key); value != nullptr)
        out_.note(value->where, fmt::format("{} of {}", key, what_), std::string(kNoCounterpart));
  }

  const TuliproxFiles& files_;
  Imported& out_;
  std::string what_;
  std::map<std::string, std::vector<std::string>> mappings_;
};

}  // namespace

void read_tuliprox_targets(const TuliproxFiles& files, const TuliproxInputs& inputs,
                           Imported& out) {
  TargetReader reader(files, out);
  for (const ConfigNode& source : items_of(files.source, "sources")) {
    std::vector<const TuliproxInput*> used;
    for (const ConfigNode& input : items_of(source, "inputs")) {
      const std::string name =
          input.kind == ConfigNode::Kind::kTable ? text_of(input, "name") : text_of(input);
      if (const auto found = inputs.find(name); found != inputs.end())
        used.push_back(&found->second);
    }
    for (const ConfigNode& target : items_of(source, "targets")) {
      if (used.empty())
        out.note(target.where, fmt::format("target {}", text_of(target, "name")),
                 "none of its inputs could be taken over, it is left out");
      else
        reader.read(target, used);
    }
  }
}

}  // namespace m3u_proxy::importers
