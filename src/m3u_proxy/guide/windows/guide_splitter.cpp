#include <cstring>
#include <utility>

#include <m3u_proxy/guide/windows/guide_splitter.hpp>

namespace m3u_proxy::guide {

using formats::XmltvSplitter;

Result<> GuideSplitter::split(GuideWindow& window) {
  window.elements.clear();
  window.problems.clear();
  window.position = splitter_.position();
  if (!carry_.empty()) M3U_CHECK(put_before(window));
  const auto input = window.last ? XmltvSplitter::Input::kEnd : XmltvSplitter::Input::kMore;
  M3U_TRY(const std::size_t used,
          splitter_.split(window.text, input, window.elements, window.problems));
  window.date = splitter_.date();
  return carry(window, used);
}

/// Puts what was carried over in front of the window's text.
Result<> GuideSplitter::put_before(GuideWindow& window) {
  const std::size_t size = carry_.size() + window.text.size();
  const auto room = static_cast<std::size_t>(window.text.data() - window.slab.data());
  if (carry_.size() <= room) {
    char* const text = window.slab.data() + room - carry_.size();
    std::memcpy(text, carry_.data(), carry_.size());
    window.text = {text, size};
    carry_ = {};
    return {};
  }
  // An element larger than a window: the text goes behind it, into ever larger slabs.
  const auto begin = static_cast<std::size_t>(carry_.data() - carry_slab_.data());
  char* text = carry_slab_.data() + begin;
  if (carry_slab_.size() - begin < size) {
    M3U_TRY(memory::Slab larger, slabs_->acquire(memory::Tag::kInput, 2 * size));
    text = larger.data();
    std::memcpy(text, carry_.data(), carry_.size());
    carry_slab_ = std::move(larger);
  }
  if (!window.text.empty())
    std::memcpy(text + carry_.size(), window.text.data(), window.text.size());
  window.slab = std::exchange(carry_slab_, {});
  window.text = {text, size};
  carry_ = {};
  return {};
}

/// Keeps what the splitter could not use for the next window.
Result<> GuideSplitter::carry(GuideWindow& window, std::size_t used) {
  const std::string_view rest = window.text.substr(used);
  window.text = window.text.substr(0, used);
  if (rest.empty()) return {};
  if (used == 0) {
    carry_slab_ = std::exchange(window.slab, {});
    carry_ = rest;
    return {};
  }
  if (carry_slab_.size() < rest.size()) {
    carry_slab_ = {};
    M3U_TRY(carry_slab_, slabs_->acquire(memory::Tag::kInput, rest.size()));
  }
  std::memcpy(carry_slab_.data(), rest.data(), rest.size());
  carry_ = {carry_slab_.data(), rest.size()};
  return {};
}

}  // namespace m3u_proxy::guide
