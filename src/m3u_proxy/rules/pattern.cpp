#include <algorithm>
#include <array>

#include <re2/re2.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::rules {
namespace {

// Beyond this one search of RE2 for all of them is faster than a text search each.
constexpr std::size_t kMaxAlternatives = 4;
// A single character stands in too many values to be worth looking for first.
constexpr std::size_t kMinRequired = 2;
// Groups of one search: the whole match and $1 to $99.
constexpr std::size_t kMaxGroups = kMaxCapture + 1;

std::unique_ptr<const re2::RE2> compile_regex(const std::string& source) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  auto regex = std::make_unique<const re2::RE2>(source, options);
  if (regex->error_code() != re2::RE2::ErrorPatternTooLarge) return regex;
  options.set_max_mem(kLargeRegexMemory);
  return std::make_unique<const re2::RE2>(source, options);
}

}  // namespace

Pattern::~Pattern() = default;

std::expected<std::shared_ptr<const Pattern>, std::string> Pattern::compile(std::string_view source,
                                                                            CaseRule case_rule) {
  const std::shared_ptr<Pattern> pattern(new Pattern);
  pattern->case_rule_ = case_rule;
  pattern->regex_source_ = case_rule == CaseRule::kIgnore ? "(?i)" : "";
  pattern->regex_source_ += source;
  pattern->regex_ = compile_regex(pattern->regex_source_);
  if (!pattern->regex_->ok()) return std::unexpected(pattern->regex_->error());

  const auto spelling = [&](std::string text) {
    return case_rule == CaseRule::kIgnore ? folded(text) : text;
  };
  auto plain = plain_alternatives(source);
  if (plain && plain->size() <= kMaxAlternatives) pattern->alternatives_ = *std::move(plain);
  for (PlainText& literal : pattern->alternatives_) literal.text = spelling(literal.text);
  std::string required = spelling(rules::required_text(source));
  if (required.size() >= kMinRequired) pattern->required_ = std::move(required);
  return pattern;
}

bool Pattern::matches(std::string_view value, std::string_view folded) const {
  const std::string_view text = case_rule_ == CaseRule::kIgnore ? folded : value;
  if (!alternatives_.empty())
    return std::ranges::any_of(alternatives_, [&](const PlainText& literal) {
      if (literal.at_start)
        return literal.at_end ? text == literal.text : text.starts_with(literal.text);
      return literal.at_end ? text.ends_with(literal.text) : contains_bytes(text, literal.text);
    });
  if (!required_.empty() && !contains_bytes(text, required_)) return false;
  return re2::RE2::PartialMatch({value.data(), value.size()}, *regex_);
}

void Pattern::capture(std::string_view value, std::span<std::string_view> groups) const {
  std::array<re2::StringPiece, kMaxGroups> found;
  const std::size_t count = std::min(groups.size(), found.size());
  const bool matched = regex_->Match({value.data(), value.size()}, 0, value.size(),
                                     re2::RE2::UNANCHORED, found.data(), static_cast<int>(count));
  std::ranges::fill(groups, std::string_view());
  if (!matched) return;
  for (std::size_t i = 0; i < count; ++i)
    if (found[i].data() != nullptr) groups[i] = {found[i].data(), found[i].size()};
}

int Pattern::group_count() const { return regex_->NumberOfCapturingGroups(); }

int Pattern::group_number(std::string_view name) const {
  const auto& names = regex_->NamedCapturingGroups();
  const auto found = names.find(std::string(name));
  return found == names.end() ? 0 : found->second;
}

int Pattern::program_size() const { return regex_->ProgramSize(); }

}  // namespace m3u_proxy::rules
