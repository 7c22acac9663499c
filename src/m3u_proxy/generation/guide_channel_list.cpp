#include <memory_resource>
#include <optional>
#include <utility>
#include <vector>

#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/generation/guide_channel_list.hpp>
#include <m3u_proxy/generation/guide_elements.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/key_map.hpp>

namespace m3u_proxy::generation {
namespace {

class GuideChannelList {
 public:
  GuideChannelList(const pipeline::RunContext& context, GuideChannelListener& listener)
      : memory_(*context.budget, memory::Tag::kGuide),
        id_(&memory_),
        name_(&memory_),
        last_id_(&memory_),
        numbers_(*context.budget, context.spill),
        counts_(&memory_),
        listener_(listener) {}

  Result<> add(const GuideElement& element) {
    formats::XmltvStartTag tag;
    if (!parse_start_tag(element.text, tag)) return {};
    const bool is_channel = element.kind == formats::XmltvKind::kChannel;
    guide::read_plain_text(id_, tag.value(is_channel ? "id" : "channel"));
    if (id_.empty() || id_.size() > kLongestGuideText) return {};
    if (is_channel) return add_channel(element.text, tag);
    // Most programmes follow one of the same channel.
    if (!last_number_ || id_ != last_id_) {
      M3U_TRY(last_number_, number_of({}));
      last_id_ = id_;
    }
    ++counts_[*last_number_];
    return {};
  }

  Result<> finish() { return listener_.on_programmes(counts_); }

 private:
  Result<> add_channel(std::string_view element, const formats::XmltvStartTag& tag) {
    std::vector<std::string> names;
    constexpr std::string_view kEnd = "</channel>";
    std::string_view content = tag.self_closing ? std::string_view() : element.substr(tag.size);
    if (content.ends_with(kEnd)) content.remove_suffix(kEnd.size());
    formats::XmltvChildren children(content);
    for (auto child = children.next(); child && names.size() < kMostGuideNames;
         child = children.next()) {
      if (child->name != "display-name") continue;
      guide::read_plain_text(name_, child->content);
      if (!name_.empty() && name_.size() <= kLongestGuideText) names.emplace_back(name_);
    }
    M3U_CHECK(number_of(names));
    return {};
  }

  /// The number of id_, which is told of when it is new.
  Result<std::uint32_t> number_of(std::span<const std::string> names) {
    const auto next = static_cast<std::uint32_t>(counts_.size());
    M3U_TRY(const auto known, numbers_.insert(spill::key_of(id_), next));
    if (known) return *known;
    counts_.push_back(0);
    M3U_CHECK(listener_.on_channel(id_, names));
    return next;
  }

  memory::BudgetResource memory_;
  std::pmr::string id_;
  std::pmr::string name_;
  std::pmr::string last_id_;
  std::optional<std::uint32_t> last_number_;
  spill::KeyMap numbers_;
  std::pmr::vector<std::uint32_t> counts_;
  GuideChannelListener& listener_;
};

}  // namespace

Result<> list_guide_channels(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                             GuideChannelListener& listener) {
  return memory::guarded([&]() -> Result<> {
    GuideChannelList list(context, listener);
    M3U_CHECK(for_each_guide_element(
        config, context, [&](const GuideElement& element) { return list.add(element); }));
    return list.finish();
  });
}

}  // namespace m3u_proxy::generation
