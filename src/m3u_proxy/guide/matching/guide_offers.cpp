#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/matching/guide_offers.hpp>

namespace m3u_proxy::guide {

using catalog::GuideChannelField;
using formats::XmltvChildren;
using formats::XmltvKind;
using formats::XmltvSpan;
using formats::XmltvStartTag;

Result<> GuideOffers::take(GuideWork& work) {
  for (const XmltvSpan& span : work.window.elements) M3U_CHECK(element(work, span));
  return {};
}

Result<> GuideOffers::element(GuideWork& work, const XmltvSpan& span) {
  const std::string_view text = work.window.text.substr(span.begin, span.size);
  XmltvStartTag tag;
  if (!parse_start_tag(text, tag)) return {};
  const bool programme = span.kind == XmltvKind::kProgramme;
  const std::string_view attribute = tag.value(programme ? "channel" : "id");
  const bool same = programme && !attribute.empty() && attribute == work.last_channel;
  if (same && (is_active_ || task_.channel_rules == nullptr)) return {};
  if (!same) {
    read_guide_id(work.id, attribute);
    work.last_channel = programme ? attribute : std::string_view();
    is_active_ = false;
  }
  if (work.id.empty()) return {};
  if (!same) {
    M3U_TRY(const bool is_new, matcher_->begin_id(work.id));
    const std::string_view channel = programme ? std::string_view() : text;
    if (is_new) {
      M3U_CHECK(begin_id(work, channel, work.window.position + span.begin));
    } else if (!programme) {
      M3U_CHECK(offer_names(work, text.substr(tag.size), false));
    }
  }
  return programme ? note_programme(work, tag) : Result<>();
}

/// The first element of an id; `channel`: that, when it is a `<channel>`.
Result<> GuideOffers::begin_id(GuideWork& work, std::string_view channel, std::uint64_t byte) {
  if (task_.channel_rules == nullptr) {
    M3U_CHECK(matcher_->offer_id(work.id, work.id));
    XmltvStartTag tag;
    if (channel.empty() || !parse_start_tag(channel, tag)) return {};
    return offer_names(work, channel.substr(tag.size), false);
  }
  GuideChannelRecord& record = work.channel_record;
  record.begin(work.id, channel, *task_.source);
  task_.channel_rules->apply(record, work.scratch, *counts_);
  const std::string_view id = trim(record.value(GuideChannelField::kChannelId));
  M3U_CHECK(matcher_->offer_id(work.id, id));
  if (channel.empty()) return {};
  M3U_CHECK(matcher_->note_ruled(byte));
  M3U_CHECK(note(id));
  XmltvStartTag tag;
  return parse_start_tag(channel, tag)
             ? offer_names(work, channel.substr(tag.size),
                           record.is_changed(GuideChannelField::kDisplayName))
             : Result<>();
}

/// Offers the names in a `<channel>`, or the one that a rule gave it.
Result<> GuideOffers::offer_names(GuideWork& work, std::string_view content, bool by_rule) {
  const auto offer = [&](std::string_view name) -> Result<> {
    M3U_CHECK(note_name(name));
    return matcher_->offer_name(work.id, name);
  };
  if (by_rule) return offer(work.channel_record.value(GuideChannelField::kDisplayName));
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != "display-name") continue;
    read_guide_id(work.plain, child->content);
    M3U_CHECK(offer(work.plain));
  }
  return {};
}

/// GuideWorker notes where there are no rules.
Result<> GuideOffers::note(std::string_view id) {
  if (task_.options->match != GuideMatch::kId) return {};
  fold(id, folded_);
  M3U_CHECK(noted_.ids->insert(spill::key_of(kFoldSpace, folded_)));
  return {};
}

Result<> GuideOffers::note_name(std::string_view name) {
  if (task_.options->match == GuideMatch::kName || task_.channel_rules == nullptr) return {};
  fold_name(trim(name), folded_);
  if (!folded_.empty()) M3U_CHECK(noted_.names->insert(spill::key_of(kNameSpace, folded_)));
  return {};
}

/// Of several ids that rules made one, the first with a programme in the window provides.
Result<> GuideOffers::note_programme(GuideWork& work, const XmltvStartTag& tag) {
  if (task_.channel_rules == nullptr) return {};
  const auto start = formats::parse_xmltv_time(tag.value("start"));
  if (!start) return {};
  const std::int64_t moved = task_.source->time_offset_seconds;
  const auto stop = formats::parse_xmltv_time(tag.value("stop"));
  if (!task_.in_window(start->epoch + moved,
                       stop ? std::optional(stop->epoch + moved) : std::nullopt))
    return {};
  is_active_ = true;
  return matcher_->note_active(work.id);
}

}  // namespace m3u_proxy::guide
