#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/matching/guide_offers.hpp>
#include <m3u_proxy/guide/plain_text.hpp>

namespace m3u_proxy::guide {

using catalog::GuideChannelField;
using formats::XmltvChildren;
using formats::XmltvKind;
using formats::XmltvSpan;
using formats::XmltvStartTag;

Result<> GuideOffers::take(GuideItem& item) {
  for (const XmltvSpan& span : item.input.window.elements) M3U_CHECK(element(item, span));
  return {};
}

Result<> GuideOffers::element(GuideItem& item, const XmltvSpan& span) {
  const std::string_view text = item.input.window.text.substr(span.begin, span.size);
  XmltvStartTag tag;
  if (!parse_start_tag(text, tag)) return {};
  const bool programme = span.kind == XmltvKind::kProgramme;
  const std::string_view attribute = tag.value(programme ? "channel" : "id");
  const bool same = programme && !attribute.empty() && attribute == item.scratch.last_channel;
  if (same && (is_active_ || source_.channel_rules == nullptr)) return {};
  if (!same) {
    read_plain_text(item.scratch.id, attribute);
    item.scratch.last_channel = programme ? attribute : std::string_view();
    is_active_ = false;
  }
  if (item.scratch.id.empty()) return {};
  if (!same) {
    M3U_TRY(const bool is_new, matcher_->begin_id(item.scratch.id));
    const std::string_view channel = programme ? std::string_view() : text;
    if (is_new) {
      M3U_CHECK(begin_id(item, channel, item.input.window.position + span.begin));
    } else if (!programme) {
      M3U_CHECK(offer_names(item, text.substr(tag.size), false));
    }
  }
  return programme ? note_programme(item, tag) : Result<>();
}

/// The first element of an id; `channel`: that, when it is a `<channel>`.
Result<> GuideOffers::begin_id(GuideItem& item, std::string_view channel, std::uint64_t byte) {
  if (source_.channel_rules == nullptr) {
    M3U_CHECK(matcher_->offer_id(item.scratch.id, item.scratch.id));
    XmltvStartTag tag;
    if (channel.empty() || !parse_start_tag(channel, tag)) return {};
    return offer_names(item, channel.substr(tag.size), false);
  }
  GuideChannelRecord& record = item.scratch.channel_record;
  record.begin(item.scratch.id, channel, *source_.epg);
  source_.channel_rules->apply(record, item.scratch.rules, *counts_);
  const std::string_view id = trim(record.value(GuideChannelField::kChannelId));
  M3U_CHECK(matcher_->offer_id(item.scratch.id, id));
  if (channel.empty()) return {};
  M3U_CHECK(matcher_->note_ruled(byte));
  M3U_CHECK(note(id));
  XmltvStartTag tag;
  return parse_start_tag(channel, tag)
             ? offer_names(item, channel.substr(tag.size),
                           record.is_changed(GuideChannelField::kDisplayName))
             : Result<>();
}

/// Offers the names in a `<channel>`, or the one that a rule gave it.
Result<> GuideOffers::offer_names(GuideItem& item, std::string_view content, bool by_rule) {
  const auto offer = [&](std::string_view name) -> Result<> {
    M3U_CHECK(note_name(name));
    return matcher_->offer_name(item.scratch.id, name);
  };
  if (by_rule) return offer(item.scratch.channel_record.value(GuideChannelField::kDisplayName));
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != "display-name") continue;
    read_plain_text(item.scratch.plain, child->content);
    M3U_CHECK(offer(item.scratch.plain));
  }
  return {};
}

/// WindowSelector notes where there are no rules.
Result<> GuideOffers::note(std::string_view id) {
  if (source_.options->match != GuideMatch::kId) return {};
  fold(id, folded_);
  return report_->note_id(spill::key_of(kFoldSpace, folded_));
}

Result<> GuideOffers::note_name(std::string_view name) {
  if (source_.options->match == GuideMatch::kName || source_.channel_rules == nullptr) return {};
  fold_name(trim(name), folded_);
  return folded_.empty() ? Result<>() : report_->note_name(spill::key_of(kNameSpace, folded_));
}

/// Of several ids that rules made one, the first with a programme in the window provides.
Result<> GuideOffers::note_programme(GuideItem& item, const XmltvStartTag& tag) {
  if (source_.channel_rules == nullptr) return {};
  const auto start = formats::parse_xmltv_time(tag.value("start"));
  if (!start) return {};
  const std::int64_t moved = source_.epg->time_offset_seconds;
  const auto stop = formats::parse_xmltv_time(tag.value("stop"));
  if (!source_.in_window(start->epoch + moved,
                         stop ? std::optional(stop->epoch + moved) : std::nullopt))
    return {};
  is_active_ = true;
  return matcher_->note_active(item.scratch.id);
}

}  // namespace m3u_proxy::guide
