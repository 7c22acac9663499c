#include <bit>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>

namespace m3u_proxy::guide {

using spill::Key128;
using spill::key_of;
using Flag = GuideOutputs::Flag;

namespace {

constexpr spill::KeyStoreOptions kKeys = {.tag = memory::Tag::kGuide};

/// For where programmes are selected: there an error ends the job, wherever it is noticed.
std::uint32_t value_of(Result<std::optional<std::uint32_t>> found) {
  if (!found) throw memory::OverBudget(std::move(found).error());
  return found->value_or(GuideIndex::kNone);
}

}  // namespace

GuideIndex::GuideIndex(const pipeline::RunContext& context, GuideMatch match, TvgShift tvg_shift,
                       GuideIds ids)
    : tvg_shift_(tvg_shift),
      outputs_(*context.slabs),
      ids_(*context.budget, context.spill, kKeys),
      shifts_(*context.budget, context.spill, kKeys),
      next_(*context.budget, context.spill, kKeys) {
  if (match != GuideMatch::kId || ids == GuideIds::kMayChange)
    matcher_.emplace(*context.budget, context.spill, match, outputs_);
}

bool GuideIndex::is_ruled(std::uint64_t byte) const {
  if (!matcher_) return false;
  auto ruled = matcher_->is_ruled(byte);
  if (!ruled) throw memory::OverBudget(std::move(ruled).error());
  return *ruled;
}

Result<std::uint32_t> GuideIndex::new_output() {
  M3U_CHECK(outputs_.add());
  return outputs_.size() - 1;
}

Result<GuideIndex::Added> GuideIndex::add(const GuideChannel& channel) {
  const Key128 id = key_of(trim(channel.tvg_id));
  const bool apply = tvg_shift_ == TvgShift::kApply;
  const std::int32_t shift = apply ? formats::parse_tvg_shift(channel.tvg_shift).value_or(0) : 0;
  Added added;
  if (apply) {
    M3U_TRY(added, add_shifted(id, shift));
  } else {
    M3U_TRY(const auto known, ids_.insert(id, outputs_.size()));
    added = {.output = known.value_or(outputs_.size()), .first = !known};
    if (added.first) M3U_CHECK(outputs_.add());
  }
  if (matcher_) M3U_CHECK(matcher_->add(channel, added.output, added.first));
  return added;
}

/// Outputs with the same id and other shifts are in a chain.
Result<GuideIndex::Added> GuideIndex::add_shifted(Key128 id, std::int32_t shift) {
  M3U_TRY(const auto head, ids_.insert(id, outputs_.size()));
  std::optional<std::uint32_t> output = head;
  std::optional<std::uint32_t> last;
  while (output && this->shift(*output) != shift) {
    last = output;
    M3U_TRY(output, next_with_id(*output));
  }
  if (output) return Added{.output = *output, .first = false};
  M3U_TRY(const std::uint32_t added, new_output());
  if (shift != 0) {
    M3U_CHECK(shifts_.insert(key_of_output(added), std::bit_cast<std::uint32_t>(shift)));
    outputs_.set(added, Flag::kShifted);
  }
  if (last) {
    M3U_CHECK(next_.insert(key_of_output(*last), added));
    if (!matcher_) outputs_.set(*last, Flag::kHasNext);
  }
  return Added{.output = added, .first = true};
}

void GuideIndex::begin_source() {
  outputs_.clear(Flag::kDeclaredByThis);
  if (matcher_) matcher_->begin_source();
}

std::uint32_t GuideIndex::first(std::string_view id) const {
  return value_of(matcher_ ? matcher_->first(id) : ids_.find(key_of(id)));
}

std::uint32_t GuideIndex::next(std::uint32_t output) const {
  if (!outputs_.has(output, Flag::kHasNext)) return kNone;
  return value_of(matcher_ ? matcher_->next(output) : next_with_id(output));
}

Result<std::optional<std::uint32_t>> GuideIndex::next_with_id(std::uint32_t output) const {
  return next_.find(key_of_output(output));
}

std::uint32_t GuideIndex::find_output(std::string_view id) const {
  std::uint32_t output = value_of(ids_.find(key_of(id)));
  while (output != kNone && shift(output) != 0) output = value_of(next_with_id(output));
  return output;
}

bool GuideIndex::may_provide(std::uint32_t output, std::uint16_t source) const {
  const std::uint16_t by = provider(output);
  return by == kNoSource || by == source;
}

void GuideIndex::provides(std::uint32_t output, std::uint16_t source) {
  // Read first: the line stays shared among the threads once it is set.
  if (provider(output) == source) return;
  const std::uint16_t before = outputs_.set_provider(output, source);
  if (before == kNoSource && !declared(output)) undeclared_.fetch_add(1);
}

bool GuideIndex::declare(std::uint32_t output) {
  if (!outputs_.raise(output, Flag::kDeclared)) ++declared_;
  return !outputs_.raise(output, Flag::kDeclaredByThis);
}

std::int32_t GuideIndex::shift(std::uint32_t output) const {
  if (!outputs_.has(output, Flag::kShifted)) return 0;
  return std::bit_cast<std::int32_t>(value_of(shifts_.find(key_of_output(output))));
}

}  // namespace m3u_proxy::guide
