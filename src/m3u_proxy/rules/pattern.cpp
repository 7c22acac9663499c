#include <algorithm>
#include <array>

#include <re2/re2.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/pattern.hpp>
#include <m3u_proxy/rules/unicode_classes.hpp>

namespace m3u_proxy::rules {
namespace {

// Beyond this one search of RE2 for all of them is faster than a text search each.
constexpr std::size_t kMaxAlternatives = 4;
// A single character is in too many values to be worth looking for first.
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
  std::shared_ptr<Pattern> pattern(new Pattern);
  pattern->case_rule_ = case_rule;
  pattern->regex_source_ = case_rule == CaseRule::kIgnore ? "(?i)" : "";
  pattern->regex_source_ += with_unicode_classes(source);
  pattern->regex_ = compile_regex(pattern->regex_source_);
  if (!pattern->regex_->ok()) {
    // RE2 quotes what it does not understand: in the user's spelling where it can.
    const auto as_written = compile_regex(std::string(source));
    return std::unexpected((as_written->ok() ? pattern->regex_ : as_written)->error());
  }

  pattern->read_source(source);
  return pattern;
}

std::shared_ptr<const Pattern> Pattern::fresh() const {
  std::shared_ptr<Pattern> pattern(new Pattern);
  pattern->case_rule_ = case_rule_;
  pattern->regex_source_ = regex_source_;
  pattern->alternatives_ = alternatives_;
  pattern->bracketed_ = bracketed_;
  pattern->required_ = required_;
  pattern->pairs_ = pairs_;
  pattern->regex_ = compile_regex(regex_source_);
  return pattern;
}

void Pattern::read_source(std::string_view source) {
  const auto spell = [this](std::string& text) {
    if (case_rule_ == CaseRule::kIgnore) text = folded(text);
  };
  auto plain = plain_alternatives(source);
  if (plain && plain->size() <= kMaxAlternatives) alternatives_ = *std::move(plain);
  if (!alternatives_.empty()) pairs_ = ~PairMask{0};
  for (PlainText& literal : alternatives_) {
    spell(literal.text);
    pairs_ &= pair_mask(folded(literal.text));
  }
  bracketed_ = bracketed(source);
  if (bracketed_) {
    spell(bracketed_->prefix);
    spell(bracketed_->suffix);
  }
  std::string required = rules::required_text(source);
  spell(required);
  if (required.size() < kMinRequired) return;
  pairs_ |= pair_mask(folded(required));
  required_ = std::move(required);
}

bool Pattern::matches(std::string_view value, std::string_view folded) const {
  const std::string_view text = case_rule_ == CaseRule::kIgnore ? folded : value;
  if (!alternatives_.empty())
    return std::ranges::any_of(alternatives_, [&](const PlainText& literal) {
      if (literal.at_start)
        return literal.at_end ? text == literal.text : text.starts_with(literal.text);
      return literal.at_end ? text.ends_with(literal.text) : contains_bytes(text, literal.text);
    });
  if (bracketed_ && !text.contains('\n')) {
    const std::size_t least = bracketed_->prefix.size() + bracketed_->suffix.size() +
                              (bracketed_->needs_middle ? 1U : 0U);
    return text.size() >= least && text.starts_with(bracketed_->prefix) &&
           text.ends_with(bracketed_->suffix);
  }
  if (!required_.empty() && !contains_bytes(text, required_)) return false;
  return re2::RE2::PartialMatch({value.data(), value.size()}, *regex_);
}

// The ends of an ASCII value are as long as the texts that they fold to; others are left to RE2.
bool Pattern::capture_bracketed(std::string_view value, std::span<std::string_view> groups) const {
  if (!bracketed_ || groups.empty() || groups.size() > 2) return false;
  if (case_rule_ == CaseRule::kIgnore && !is_ascii(value)) return false;
  if (value.contains('\n')) return false;
  const std::size_t ends = bracketed_->prefix.size() + bracketed_->suffix.size();
  if (value.size() < ends + (bracketed_->needs_middle ? 1U : 0U)) return false;
  const std::string_view head = value.substr(0, bracketed_->prefix.size());
  const std::string_view tail = value.substr(value.size() - bracketed_->suffix.size());
  const bool fits =
      case_rule_ == CaseRule::kIgnore
          ? equals_folded(head, bracketed_->prefix) && equals_folded(tail, bracketed_->suffix)
          : head == bracketed_->prefix && tail == bracketed_->suffix;
  if (!fits) return false;
  groups[0] = value;
  if (groups.size() == 2) groups[1] = value.substr(head.size(), value.size() - ends);
  return true;
}

void Pattern::capture(std::string_view value, std::span<std::string_view> groups) const {
  if (capture_bracketed(value, groups)) return;
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
