#include <array>

#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/source_channels.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr unsigned kSourceBits = 16;
constexpr std::size_t kMostJoined = std::size_t{64} << 10U;
constexpr std::size_t kKeySize = sizeof(std::uint64_t);

/// A number's bytes, the highest first, so that they compare as it does.
std::array<char, kKeySize> key_of_number(std::uint64_t number) {
  std::array<char, kKeySize> key{};
  for (std::size_t i = kKeySize; i-- > 0; number >>= 8U) key[i] = static_cast<char>(number & 0xFFU);
  return key;
}

std::uint64_t number_of_key(std::string_view key) {
  std::uint64_t number = 0;
  for (const char c : key) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

SourceChannels::Part::Part(const pipeline::RunContext& context)
    : sorter(*context.budget, context.spill, {.tag = memory::Tag::kGuide}) {}

Result<> SourceChannels::Part::next() {
  std::string_view key;
  M3U_TRY(more, sorter.next(key, element));
  if (more) output_and_source = number_of_key(key);
  return {};
}

Result<> SourceChannels::add(std::uint32_t output, std::uint16_t source, std::string_view element) {
  if (parts_.empty() || parts_.back()->sorted) parts_.push_back(std::make_unique<Part>(*context_));
  ++size_;
  const auto key = key_of_number(std::uint64_t{output} << kSourceBits | source);
  return parts_.back()->sorter.add({key.data(), key.size()}, element);
}

Result<> SourceChannels::finish() {
  for (const auto& part : parts_) {
    M3U_CHECK(part->sorted ? part->sorter.rewind() : part->sorter.finish());
    part->sorted = true;
    M3U_CHECK(part->next());
  }
  return {};
}

/// Puts the names of another element of the same channel behind those of found_.
void SourceChannels::join(std::string_view element) {
  formats::XmltvStartTag tag;
  if (!parse_start_tag(element, tag)) return;
  std::pmr::string names(&memory_);
  for (formats::XmltvChildren children(element.substr(tag.size));
       const auto child = children.next();)
    if (child->name == "display-name") names += child->whole;
  if (names.empty() || found_.size() + names.size() > kMostJoined) return;
  if (!parse_start_tag(found_, tag)) return;
  if (tag.self_closing) {
    found_.replace(tag.size - 2, 2, ">");
    found_ += names;
    found_ += "</channel>";
  } else {
    found_.insert(found_.rfind("</"), names);
  }
}

Result<std::string_view> SourceChannels::find(std::uint32_t output, std::uint16_t provider) {
  bool any = false;
  std::uint64_t best = 0;
  found_.clear();
  for (const auto& part : parts_) {
    while (part->more && part->output_and_source >> kSourceBits <= output) {
      const std::uint64_t source = part->output_and_source & ((1U << kSourceBits) - 1);
      const bool is_output = part->output_and_source >> kSourceBits == output;
      if (is_output && any && source == best) {
        join(part->element);
      } else if (is_output && (!any || source == provider || (source < best && best != provider))) {
        any = true;
        best = source;
        found_ = part->element;
      }
      M3U_CHECK(part->next());
    }
  }
  return std::string_view(found_);
}

}  // namespace m3u_proxy::guide
