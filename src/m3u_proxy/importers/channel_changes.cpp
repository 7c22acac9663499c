#include <algorithm>
#include <cstdint>
#include <map>

#include <fmt/format.h>

#include <m3u_proxy/importers/channel_changes.hpp>
#include <m3u_proxy/importers/expressions.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::size_t kLongestRule = 32768;
constexpr std::string_view kDropFilter = "left out before";

std::string of_source(std::string_view source) {
  return source.empty() ? "" : fmt::format("source_name == {} AND ", text_literal(source));
}

std::string name_after(const ChannelChange& change) {
  for (const auto& [field, value] : change.values)
    if (field == "channel_name") return value;
  return change.name;
}

/// Those whose old name another one gets come before that one; in a circle somebody has to be
/// first.
class Order {
 public:
  explicit Order(std::vector<ChannelChange>& changes) : changes_(changes) {
    for (std::size_t i = 0; i < changes.size(); ++i)
      by_name_[{changes[i].source, changes[i].name}].push_back(i);
  }

  std::vector<ChannelChange> sorted() {
    done_.resize(changes_.size());
    for (std::size_t i = 0; i < changes_.size(); ++i) visit(i);
    std::vector<ChannelChange> out;
    out.reserve(order_.size());
    for (const std::size_t i : order_) out.push_back(std::move(changes_[i]));
    return out;
  }

 private:
  void visit(std::size_t first) {
    std::vector<std::size_t> waiting;
    for (std::size_t at = first; !done_[at];) {
      done_[at] = true;
      waiting.push_back(at);
      const std::string name = name_after(changes_[at]);
      if (name == changes_[at].name) break;
      const auto found = by_name_.find({changes_[at].source, name});
      if (found == by_name_.end()) break;
      at = found->second.front();
    }
    order_.insert(order_.end(), waiting.rbegin(), waiting.rend());
  }

  std::vector<ChannelChange>& changes_;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_name_;
  std::vector<bool> done_;
  std::vector<std::size_t> order_;
};

/// Collects groups of one expression until it is long enough for a rule.
class RuleWriter {
 public:
  RuleWriter(Imported& imported, ImportedProxy& proxy) : imported_(imported), proxy_(proxy) {}

  void add(const std::string& group) {
    if (!text_.empty() && text_.size() + group.size() > kLongestRule) flush();
    text_ += fmt::format("{}({})", text_.empty() ? "" : "\n", group);
  }
  void flush() {
    if (text_.empty()) return;
    proxy_.rules.push_back(
        imported_.add_rule(fmt::format("channels of {}", proxy_.name), std::move(text_)));
    text_.clear();
  }

 private:
  Imported& imported_;
  ImportedProxy& proxy_;
  std::string text_;
};

void write_hidden(const std::vector<ChannelChange>& changes, RuleWriter& writer) {
  std::map<std::string, std::vector<std::string>> hidden;
  for (const ChannelChange& change : changes)
    if (change.hidden) hidden[change.source].push_back(change.name);
  for (const auto& [source, names] : hidden)
    for (const std::string& condition : is_one_of("channel_name", names))
      writer.add(fmt::format("{}{} SET {}", of_source(source), condition, kDropAction));
}

void write_change(const ChannelChange& change, bool keeps, RuleWriter& writer) {
  std::vector<std::string> actions;
  for (const auto& [field, value] : change.values)
    actions.push_back(fmt::format("{} = {}", field, value_literal(value)));
  if (keeps) actions.emplace_back("REMOVE attr:import-drop");
  if (actions.empty()) return;
  writer.add(fmt::format("{}{} SET {}", of_source(change.source),
                         is_exactly("channel_name", change.name), fmt::join(actions, ", ")));
}

}  // namespace

std::string add_drop_filter(Imported& imported) {
  const auto known = std::ranges::find(imported.filters, kDropFilter, &ImportedExpression::name);
  if (known != imported.filters.end()) return known->name;
  return imported.add_filter(std::string(kDropFilter), "exclude", "attr:import-drop == \"yes\"");
}

void add_first_filter(Imported& imported, std::string name, std::string_view source,
                      std::string_view unwanted, ImportedProxy& proxy) {
  proxy.rules.insert(
      proxy.rules.begin(),
      imported.add_rule(std::move(name),
                        fmt::format("{}{} SET {}", of_source(source), unwanted, kDropAction)));
  const std::string filter = add_drop_filter(imported);
  if (std::ranges::find(proxy.filters, filter) == proxy.filters.end())
    proxy.filters.push_back(filter);
}

void add_channel_changes(Imported& imported, std::vector<ChannelChange> changes,
                         OtherChannels others, ImportedProxy& proxy) {
  if (changes.empty()) return;
  const bool only_these = others == OtherChannels::kGo;
  const bool drops = only_these || std::ranges::any_of(changes, &ChannelChange::hidden);
  RuleWriter writer(imported, proxy);
  if (only_these)
    writer.add(fmt::format("channel_name != \"\" SET {}", kDropAction));
  else
    write_hidden(changes, writer);
  for (const ChannelChange& change : Order(changes).sorted())
    if (!change.hidden) write_change(change, only_these, writer);
  writer.flush();
  if (!drops) return;
  const std::string filter = add_drop_filter(imported);
  if (std::ranges::find(proxy.filters, filter) == proxy.filters.end())
    proxy.filters.push_back(filter);
}

}  // namespace m3u_proxy::importers
