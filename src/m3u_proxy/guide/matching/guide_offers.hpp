// GuideOffers: what a guide's channels can be matched by, read before the guide itself where that
// is not their ids alone: without case, by name, or after rules of the user.
//
// Rules run once for each id, at the first element that has it: a `<channel>` with its names and
// icon, or a programme with neither.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/guide/matching/guide_matcher.hpp>
#include <m3u_proxy/guide/matching/match_report.hpp>
#include <m3u_proxy/guide/source_context.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>
#include <m3u_proxy/rules/counts.hpp>

namespace m3u_proxy::guide {

/// For one EPG source and one thread; windows in order. Throws memory::OverBudget.
class GuideOffers {
 public:
  /// Where rules may rename channels, their ids and names are noted in `report`; what the rules do
  /// is counted in `counts`. All live longer.
  GuideOffers(const SourceContext& source, GuideMatcher& matcher, MatchReport& report,
              rules::Counts& counts)
      : source_(source), matcher_(&matcher), report_(&report), counts_(&counts) {}

  /// Offers the channels of one window. Errors: those of the matcher.
  Result<> take(GuideItem& item);

 private:
  Result<> element(GuideItem& item, const formats::XmltvSpan& span);
  Result<> begin_id(GuideItem& item, std::string_view channel, std::uint64_t byte);
  Result<> offer_names(GuideItem& item, std::string_view channel, bool by_rule);
  Result<> note(std::string_view id);
  Result<> note_name(std::string_view name);
  Result<> note_programme(GuideItem& item, const formats::XmltvStartTag& tag);

  SourceContext source_;
  GuideMatcher* matcher_;
  MatchReport* report_;
  rules::Counts* counts_;
  bool is_active_ = false;  ///< item.scratch.last_channel has a programme
  std::string folded_;
};

}  // namespace m3u_proxy::guide
