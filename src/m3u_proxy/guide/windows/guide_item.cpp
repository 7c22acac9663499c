#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kKeptCapacity = std::size_t{4} << 20U;
constexpr std::size_t kMaxText = std::size_t{1} << 20U;
constexpr std::size_t kMaxRecords = std::size_t{16} << 10U;

void empty_out(std::pmr::string& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace

void read_guide_id(std::pmr::string& out, std::string_view attribute) {
  out.clear();
  if (!is_valid_utf8(attribute)) {
    std::string text;
    append_windows1252(text, attribute);
    formats::append_plain_text(out, text);
  } else {
    formats::append_plain_text(out, attribute);
  }
  while (!out.empty() && is_ascii_space(out.back())) out.pop_back();
  out.erase(0, static_cast<std::size_t>(trim(out).data() - out.data()));
}

GuideWork::GuideWork(memory::SlabPool& slabs)
    : input_memory(slabs.budget(), memory::Tag::kInput),
      output_memory(slabs.budget(), memory::Tag::kOutput),
      window(&input_memory),
      pieces(&output_memory),
      channel_text(&output_memory),
      channels(&output_memory),
      programmes(&output_memory),
      noted(&output_memory),
      checker(&output_memory),
      record(slabs),
      channel_record(slabs),
      id(&output_memory),
      element(&output_memory),
      plain(&output_memory),
      last_outputs(&output_memory),
      listed_ids(&output_memory),
      new_id(&output_memory) {}

void GuideWork::clear() {
  clear_results();
  next_element = outputs_done = 0;
  last_channel = last_stop = {};
}

void GuideWork::clear_results() {
  pieces.reset(window.text);
  empty_out(channel_text);
  empty_out(element);
  channels.clear();
  programmes.clear();
  noted.clear();
  problems.clear();
  seen = channels_seen = matched = matched_unusable = unusable = written = 0;
  filter_counts.counters.clear();
  rule_counts.counters.clear();
}

bool GuideWork::is_full() const {
  return pieces.text_size() >= kMaxText || channel_text.size() >= kMaxText ||
         channels.size() >= kMaxRecords || programmes.size() >= kMaxRecords;
}

}  // namespace m3u_proxy::guide
