#include <new>

#include <m3u_proxy/guide/matching/guide_outputs.hpp>

namespace m3u_proxy::guide {

GuideOutputs::GuideOutputs(memory::SlabPool& slabs)
    : slabs_(&slabs), memory_(slabs.budget(), memory::Tag::kGuide), pages_(&memory_) {}

Result<> GuideOutputs::add() {
  if (size_ == pages_.size() * kPerPage) {
    M3U_TRY(memory::Slab page, slabs_->acquire(memory::Tag::kGuide, kPerPage * sizeof(State)));
    pages_.push_back(std::move(page));
  }
  new (&at(size_)) State(kNoSource);
  ++size_;
  return {};
}

void GuideOutputs::clear(Flag flag) {
  for (std::uint32_t output = 0; output < size_; ++output)
    at(output).fetch_and(static_cast<std::uint16_t>(~static_cast<unsigned>(flag)),
                         std::memory_order_relaxed);
}

bool GuideOutputs::raise(std::uint32_t output, Flag flag) {
  const auto bit = static_cast<std::uint16_t>(flag);
  return (at(output).fetch_or(bit) & bit) != 0;
}

std::uint16_t GuideOutputs::set_provider(std::uint32_t output, std::uint16_t source) {
  State& state = at(output);
  std::uint16_t before = state.load(std::memory_order_relaxed);
  std::uint16_t after = 0;
  do {
    after = static_cast<std::uint16_t>((before & ~kMaxSources) | source);
  } while (!state.compare_exchange_weak(before, after));
  return before & kMaxSources;
}

}  // namespace m3u_proxy::guide
