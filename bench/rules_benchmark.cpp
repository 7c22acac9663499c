// What filters and rules cost per channel: short and long lists, plain texts and patterns.
#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::rules {
namespace {

using catalog::Domain;

// A channel as a batch stores it: a view per field, no lookup by name.
class ChannelRecord final : public Record {
 public:
  explicit ChannelRecord(std::array<std::string_view, catalog::kChannelFieldCount> values)
      : original_(values), values_(values) {}
  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override {
    return field.is_attribute ? attribute_ : values_[field.index];
  }
  void set(const catalog::FieldRef& field, std::string_view value) override {
    std::string& place = storage_[field.is_attribute ? values_.size() : field.index];
    place = value;
    (field.is_attribute ? attribute_ : values_[field.index]) = place;
  }
  void restore() {
    values_ = original_;
    attribute_ = {};
  }

 private:
  std::array<std::string_view, catalog::kChannelFieldCount> original_;
  std::array<std::string_view, catalog::kChannelFieldCount> values_;
  std::string_view attribute_;
  std::array<std::string, catalog::kChannelFieldCount + 1> storage_;
};

std::deque<std::string>& texts() {
  static std::deque<std::string> all;
  return all;
}

std::deque<ChannelRecord> channels() {
  constexpr std::array<std::string_view, 6> kNames = {"BBC News", "Das Erste",  "Sky Sport",
                                                      "Rai Uno",  "Canal Plus", "Discovery"};
  constexpr std::array<std::string_view, 4> kQualities = {" HD", " FHD", "", " 4K"};
  std::deque<ChannelRecord> all;
  for (int i = 0; i < 1000; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::string name = std::string(kNames[at % kNames.size()]) + " " + std::to_string(i) +
                             std::string(kQualities[at % kQualities.size()]);
    const auto keep = [](std::string text) {
      return std::string_view(texts().emplace_back(std::move(text)));
    };
    all.emplace_back(std::array<std::string_view, catalog::kChannelFieldCount>{
        keep(name), keep("id" + std::to_string(i) + ".uk"), keep(name),
        keep("http://logos.example.org/" + std::to_string(i) + ".png"), "", "",
        keep(at % 3 == 0 ? "UK | News" : "VOD | Movies"),
        keep("http://example.org/live/user/pass/" + std::to_string(i) + ".ts"), "tv", "m3u", "",
        "live"});
  }
  return all;
}

NamedFilter filter(FilterAction action, std::string_view expression) {
  return {.name = "filter",
          .action = action,
          .filter = compile_filter(Domain::kChannels, expression).value()};
}
NamedRule rule(std::string_view expression) {
  return {.name = "rule", .rule = compile_rule(Domain::kChannels, expression).value()};
}

void run(benchmark::State& state, const FilterSet& filters, const RuleSet& rules) {
  std::deque<ChannelRecord> records = channels();
  Scratch scratch;
  Counts rule_counts;
  Counts filter_counts;
  for (auto _ : state)
    for (ChannelRecord& record : records) {
      record.restore();
      rules.apply(record, scratch, rule_counts);
      benchmark::DoNotOptimize(filters.keep(record, scratch, filter_counts));
    }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}

void BM_TwoFiltersThreeRules(benchmark::State& state) {
  run(state,
      FilterSet({filter(FilterAction::kExclude, R"e(group_title contains "adult")e"),
                 filter(FilterAction::kExclude, R"e(channel_name starts_with "###")e")}),
      RuleSet({rule(R"e(channel_name matches "^(.*) HD$" SET channel_name = "$1", attr:q = "HD")e"),
               rule(R"e(group_title == "UK | News" SET group_title = "News")e"),
               rule(R"e(tvg_logo == "" SET tvg_logo = "http://x/none.png")e")}));
}
BENCHMARK(BM_TwoFiltersThreeRules);

// Fifty rules of the kinds that people write, over seven fields.
void BM_FiftyMixedRules(benchmark::State& state) {
  std::vector<NamedRule> rules;
  for (int i = 0; i < 10; ++i) {
    const auto add = [&](std::string_view text) {
      rules.push_back(rule(fmt::format(fmt::runtime(text), i)));
    };
    add("channel_name matches \"^(.*) Q{}$\" SET channel_name = \"$1\"");
    add("group_title contains \"group {}\" SET group_title = \"G\"");
    add("tvg_id ends_with \".{}x\" and tvg_name contains \"a\" SET tvg_id = \"\"");
    add("tvg_logo starts_with \"https://{}\" SET REMOVE tvg_logo");
    add("channel_name matches \"channel [{0}a-c]+\" or stream_url contains \"/x{0}/\" "
        "SET attr:x = \"1\"");
  }
  run(state, FilterSet(), RuleSet(rules));
}
BENCHMARK(BM_FiftyMixedRules);

/// The same rule fifty times, with a number of its own in the place of "{}".
RuleSet fifty(std::string_view text) {
  constexpr int kCount = 50;
  std::vector<NamedRule> rules;
  rules.reserve(kCount);
  for (int i = 0; i < kCount; ++i) rules.push_back(rule(fmt::format(fmt::runtime(text), i)));
  return RuleSet(rules);
}

// Patterns with no text to look for: the common search.
void BM_FiftyCostlyPatterns(benchmark::State& state) {
  run(state, FilterSet(), fifty("channel_name matches \"[q-z]{}[^a-p]$\" SET attr:x = \"1\""));
}
BENCHMARK(BM_FiftyCostlyPatterns);

void BM_FiftyContains(benchmark::State& state) {
  run(state, FilterSet(), fifty("channel_name contains \"name {}\" SET attr:x = \"1\""));
}
BENCHMARK(BM_FiftyContains);

void BM_OnePatternWithCapture(benchmark::State& state) {
  run(state, FilterSet(),
      RuleSet({rule(R"e(channel_name matches "^(.*) 4K$" SET tvg_name = "$1")e")}));
}
BENCHMARK(BM_OnePatternWithCapture);

void BM_CompileARule(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(compile_rule(
        Domain::kChannels,
        R"e(channel_name matches "^(.*) HD$" SET channel_name = "$1", attr:quality = "HD")e"));
}
BENCHMARK(BM_CompileARule);

}  // namespace
}  // namespace m3u_proxy::rules
