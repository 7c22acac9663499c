#include <tuple>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/guide/matching/guide_matcher.hpp>

namespace m3u_proxy::guide {

using spill::Key128;
using spill::key_of;

namespace {

constexpr spill::SorterOptions kSorter = {.tag = memory::Tag::kGuide, .memory = mib(8)};
constexpr spill::KeyStoreOptions kKeys = {.tag = memory::Tag::kGuide, .memtable = kib(256)};

}  // namespace

bool GuideMatcher::BestFirst::operator()(const Match& a, const Match& b) const {
  return std::tuple(a.output, a.rank, a.order) < std::tuple(b.output, b.rank, b.order);
}

bool GuideMatcher::ByGuide::operator()(const Match& a, const Match& b) const {
  return std::tuple(a.guide.high, a.guide.low, a.output) <
         std::tuple(b.guide.high, b.guide.low, b.output);
}

GuideMatcher::GuideMatcher(memory::Budget& budget, spill::SpillSpace* space, GuideMatch match,
                           GuideOutputs& outputs)
    : budget_(&budget),
      space_(space),
      match_(match),
      outputs_(&outputs),
      links_(budget, space, kSorter),
      offers_(budget, space, kSorter),
      offered_(budget, space, kKeys),
      active_(budget, space, kKeys),
      ruled_(budget, space, kKeys),
      first_(budget, space, kKeys),
      next_(budget, space, kKeys) {}

Result<> GuideMatcher::link(Key128 key, std::uint32_t output, Rank rank) {
  return links_.add({.key = key, .output = output, .rank = rank});
}

Result<> GuideMatcher::add(const GuideChannel& channel, std::uint32_t output, bool is_new) {
  const std::string_view id = trim(channel.tvg_id);
  if (is_new) {
    M3U_CHECK(link(key_of(id), output, Rank::kSameId));
    if (match_ == GuideMatch::kId) return {};
    fold(id, folded_);
    M3U_CHECK(link(key_of(kFoldSpace, folded_), output, Rank::kFoldedId));
  }
  if (match_ != GuideMatch::kName) return {};
  fold_name(trim(channel.tvg_name), folded_);
  if (!folded_.empty()) M3U_CHECK(link(key_of(kNameSpace, folded_), output, Rank::kTvgName));
  fold_name(trim(channel.channel_name), folded_);
  if (!folded_.empty()) M3U_CHECK(link(key_of(kNameSpace, folded_), output, Rank::kChannelName));
  return {};
}

void GuideMatcher::begin_source() {
  offers_.clear();
  offered_.clear();
  active_.clear();
  ruled_.clear();
  pending_.reset();
  first_.clear();
  next_.clear();
  outputs_->clear(GuideOutputs::Flag::kHasNext);
  outputs_->clear(GuideOutputs::Flag::kDiffers);
}

Result<> GuideMatcher::offer(Key128 key, Key128 guide) {
  return offers_.add({.key = key, .guide = guide, .order = offers_.size(), .renamed = renamed_});
}

Result<bool> GuideMatcher::begin_id(std::string_view id) { return offered_.insert(key_of(id)); }

Result<> GuideMatcher::offer_id(std::string_view id, std::string_view new_id) {
  const Key128 guide = key_of(id);
  renamed_ = id != new_id;
  M3U_CHECK(offer(key_of(new_id), guide));
  if (match_ == GuideMatch::kId) return {};
  fold(new_id, folded_);
  return offer(key_of(kFoldSpace, folded_), guide);
}

Result<> GuideMatcher::note_active(std::string_view id) {
  M3U_CHECK(active_.insert(key_of(id)));
  return {};
}

Result<> GuideMatcher::note_ruled(std::uint64_t byte) {
  M3U_CHECK(ruled_.insert(key_of_number(byte)));
  return {};
}

Result<bool> GuideMatcher::is_ruled(std::uint64_t byte) const {
  return ruled_.contains(key_of_number(byte));
}

Result<> GuideMatcher::offer_name(std::string_view id, std::string_view display_name) {
  if (match_ != GuideMatch::kName) return {};
  fold_name(trim(display_name), folded_);
  if (folded_.empty()) return {};
  return offer(key_of(kNameSpace, folded_), key_of(id));
}

Result<> GuideMatcher::decide() {
  M3U_CHECK(links_sorted_ ? links_.rewind() : links_.finish());
  links_sorted_ = true;
  M3U_CHECK(offers_.finish());
  offered_.clear();
  Decisions decisions(*budget_, space_, kSorter);
  {
    Matches matches(*budget_, space_, kSorter);
    M3U_CHECK(join(matches));
    offers_.clear();
    M3U_CHECK(matches.finish());
    Match match{};
    std::optional<std::uint32_t> last;
    while (true) {
      M3U_TRY(const bool more, matches.next(match));
      if (!more) break;
      if (last != match.output) M3U_CHECK(decisions.add(match));
      last = match.output;
    }
  }
  M3U_CHECK(decisions.finish());
  return settle(decisions);
}

/// Whether an offer is to be preferred to an earlier one with the same key.
Result<bool> GuideMatcher::is_better(const Offer& offer, const Offer& than) const {
  if (active_.size() == 0) return false;
  M3U_TRY(const bool than_active, active_.contains(than.guide));
  if (than_active) return false;
  return active_.contains(offer.guide);
}

/// The best offer of the next key: the first, or, where rules made several ids one, the first that
/// has programmes.
Result<bool> GuideMatcher::next_offer(Offer& offer) {
  bool more = pending_.has_value();
  if (more) {
    offer = *pending_;
  } else {
    M3U_TRY(more, offers_.next(offer));
  }
  pending_.reset();
  Offer following{};
  while (more) {
    M3U_TRY(const bool any, offers_.next(following));
    if (!any) break;
    if (following.key != offer.key) {
      pending_ = following;
      break;
    }
    M3U_TRY(const bool better, is_better(following, offer));
    if (better) offer = following;
  }
  return more;
}

/// Goes through links and offers with equal keys.
Result<> GuideMatcher::join(Matches& matches) {
  constexpr ByKey kBefore;
  Link link{};
  Offer offer{};
  M3U_TRY(bool links, links_.next(link));
  M3U_TRY(bool offers, next_offer(offer));
  while (links && offers) {
    if (link.key == offer.key) {
      M3U_CHECK(matches.add({.guide = offer.guide,
                             .order = offer.order,
                             .output = link.output,
                             .rank = link.rank,
                             .renamed = offer.renamed}));
    }
    // Offers with the key of a link that may come again stay.
    if (kBefore(offer, Offer{.key = link.key, .guide = {}, .order = 0, .renamed = false})) {
      M3U_TRY(offers, next_offer(offer));
    } else {
      M3U_TRY(links, links_.next(link));
    }
  }
  return {};
}

/// Makes chains of the outputs that share a guide's channel, in output order.
Result<> GuideMatcher::settle(Decisions& decisions) {
  Match match{};
  std::optional<Match> last;
  while (true) {
    M3U_TRY(const bool more, decisions.next(match));
    if (!more) return {};
    if (last && last->guide == match.guide) {
      M3U_CHECK(next_.insert(key_of_output(last->output), match.output));
      outputs_->set(last->output, GuideOutputs::Flag::kHasNext);
    } else {
      M3U_CHECK(first_.insert(match.guide, match.output));
    }
    if (match.rank != Rank::kSameId || match.renamed)
      outputs_->set(match.output, GuideOutputs::Flag::kDiffers);
    last = match;
  }
}

Result<std::optional<std::uint32_t>> GuideMatcher::first(std::string_view id) const {
  return first_.find(key_of(id));
}

Result<std::optional<std::uint32_t>> GuideMatcher::next(std::uint32_t output) const {
  return next_.find(key_of_output(output));
}

}  // namespace m3u_proxy::guide
