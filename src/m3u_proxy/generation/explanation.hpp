// Explanation: what becomes of single channels on their way from a proxy's sources: which rules
// change them and how, what people's edits say, and what each filter decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::generation {

enum class ExplainedKind : std::uint8_t { kRule, kEdit, kFilter };

struct ExplainedStep {
  ExplainedKind kind = ExplainedKind::kRule;
  std::string name{};
  bool matched = false;   ///< its condition is true
  bool is_in = true;      ///< of a filter: whether the channel is in the result after it
  bool excludes = false;  ///< of a filter
  std::vector<std::pair<std::string, std::string>> before{};  ///< fields that it changed
  std::vector<std::pair<std::string, std::string>> after{};
};

struct ExplainedChannel {
  Uuid id{};
  std::string source{};
  std::string name{};   ///< as its source has it
  std::string group{};  ///< as its source has it
  std::string final_name{};
  std::string guide_id{};  ///< after all
  bool is_hidden = false;  ///< by an edit
  bool is_kept = true;     ///< by the filters
  std::vector<ExplainedStep> steps{};
};

/// Which channels are meant: by id, or all whose folded names are this one.
struct ExplainedSubject {
  std::optional<Uuid> id{};
  std::string folded_name{};
};

/// What is explained, each by itself: in the proxy's order.
struct ExplainedParts {
  std::vector<rules::NamedRule> rules{};
  std::vector<rules::NamedFilter> filters{};
};

/// Reads the proxy's sources until `most` channels are found, whatever rules and filters say of
/// them. A channel that a source gives twice is found once. Errors: as preview().
Result<std::vector<ExplainedChannel>> explain(const ResolvedProxyConfig& config,
                                              const ExplainedParts& parts,
                                              const ExplainedSubject& subject,
                                              const pipeline::RunContext& context,
                                              std::size_t most);

}  // namespace m3u_proxy::generation
