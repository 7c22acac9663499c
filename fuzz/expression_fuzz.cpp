// Expressions of any shape: compiling never crashes, says the same twice, reports places inside
// the text, and what compiles runs alike alone and in a list.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/map_record_testing.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::rules;
using catalog::Domain;

constexpr Environment kEnvironment{.now = 1'700'000'000};

void require(bool condition) {
  if (!condition) std::abort();
}

MapRecord make_record(Domain domain) {
  if (domain == Domain::kProgrammes)
    return MapRecord(domain, {{"channel_id", "bbc.uk"},
                              {"programme_title", "News at Ten"},
                              {"start", "20240501183000 +0200"},
                              {"stop", "20240501193000"},
                              {"season_num", "3"}});
  return MapRecord(domain, {{"channel_name", "BBC \u212Aews HD \u00C9"},
                            {"tvg_id", "bbc.uk"},
                            {"tvg_chno", "5.1"},
                            {"group_title", "UK | News"},
                            {"stream_url", "http://x/live/u/p/1.ts"},
                            {"attr:catchup-days", "7"}});
}

void check_errors(const Diagnostics& errors, std::string_view expression) {
  require(!errors.empty());
  for (const Diagnostic& error : errors) {
    require(error.offset <= expression.size());
    require(error.line >= 1 && error.column >= 1);
    require(!error.message.empty() && !error.pretty(expression).empty());
  }
}

void try_filter(Domain domain, std::string_view expression) {
  const auto filter = compile_filter(domain, expression, kEnvironment);
  const auto again = compile_filter(domain, expression, kEnvironment);
  require(filter.has_value() == again.has_value());
  if (!filter) {
    require(filter.error() == again.error());
    check_errors(filter.error(), expression);
    return;
  }
  const MapRecord record = make_record(domain);
  Scratch scratch;
  const bool matched = filter->matches(record, scratch);
  require(matched == again->matches(record, scratch));
  const FilterSet list({{.name = "f", .action = FilterAction::kInclude, .filter = *filter}});
  Counts counts;
  require(list.keep(record, scratch, counts) == matched);
}

void try_rule(Domain domain, std::string_view expression) {
  const auto rule = compile_rule(domain, expression, kEnvironment);
  const auto again = compile_rule(domain, expression, kEnvironment);
  require(rule.has_value() == again.has_value());
  if (!rule) {
    require(rule.error() == again.error());
    check_errors(rule.error(), expression);
    return;
  }
  Scratch scratch;
  MapRecord alone = make_record(domain);
  const Outcome outcome = rule->apply(alone, scratch);
  require(outcome.matched || !outcome.changed);
  require((alone.writes() != make_record(domain).writes()) == outcome.changed);
  for (const auto& [name, value] : alone.values()) require(value.size() <= kMaxValueBytes);
  if (domain == Domain::kChannels)
    require(!alone["channel_name"].empty() && !alone["stream_url"].empty());

  MapRecord in_list = make_record(domain);
  Counts counts;
  RuleSet({{.name = "r", .rule = *again}}).apply(in_list, scratch, counts);
  require(alone.values() == in_list.values());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  for (const Domain domain : {Domain::kChannels, Domain::kProgrammes}) {
    try_filter(domain, expression);
    try_rule(domain, expression);
  }
  return 0;
}
