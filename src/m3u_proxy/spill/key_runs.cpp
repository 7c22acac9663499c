#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <m3u_proxy/memory/pages.hpp>
#include <m3u_proxy/spill/key_runs.hpp>

namespace m3u_proxy::spill {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t kRunsOfTier = 8;
constexpr std::size_t kPagesOfWrite = 32;

// The filter is a blocked Bloom filter: all bits of a key are in one cache line, so that a look
// costs one miss. 9 bits a key let about 2 of 100 other keys through.
constexpr std::uint64_t kBitsOfKey = 9;
constexpr std::uint64_t kBitsOfBlock = 512;
constexpr std::uint64_t kBytesOfBlock = kBitsOfBlock / 8;
constexpr int kBitsOfPlace = 9;  // 2^9 bits are a block
constexpr int kMostFilterBits = 6;

std::uint64_t block_hash(MixedKey key) {
  return (key.second ^ std::rotl(key.first, 32)) * 0xA0761D6478BD642FU;
}
std::uint64_t bit_hash(MixedKey key) { return (key.first ^ key.second) * 0xE7037ED1A0B428DBU; }

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

std::string_view view(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

}  // namespace

template <typename Entry>
std::size_t KeyRuns<Entry>::Run::page_bytes(std::uint64_t page) const {
  const std::uint64_t rest = entries - page * kEntriesOfPage;
  return spill::kSpillHeader +
         static_cast<std::size_t>(std::min<std::uint64_t>(rest, kEntriesOfPage)) * sizeof(Entry);
}

template <typename Entry>
std::uint64_t* KeyRuns<Entry>::Run::filter_block(std::uint64_t hash) const {
  const auto block = static_cast<std::uint64_t>((Wide{hash} * filter_blocks) >> 64U);
  return reinterpret_cast<std::uint64_t*>(memory.data() + block * kBytesOfBlock);
}

template <typename Entry>
std::uint64_t* KeyRuns<Entry>::Run::fence() const {
  return reinterpret_cast<std::uint64_t*>(memory.data() + filter_blocks * kBytesOfBlock);
}

template <typename Entry>
std::uint64_t KeyRuns<Entry>::Run::fences() const {
  return fence_step == 0 ? 0 : divide_up(pages(), fence_step);
}

/// Shares the reserved memory out: the fence as fine as half of it allows, the rest to the filter.
template <typename Entry>
void KeyRuns<Entry>::Run::plan(memory::Reservation reserved) {
  const std::uint64_t room = reserved.size().count;
  if (room == 0) return;
  std::uint64_t step = 1;
  while (divide_up(pages(), step) * sizeof(std::uint64_t) > room / 2) step *= 2;
  const std::uint64_t fence_bytes = divide_up(pages(), step) * sizeof(std::uint64_t);
  const std::uint64_t blocks =
      std::min(divide_up(entries * kBitsOfKey, kBitsOfBlock), (room - fence_bytes) / kBytesOfBlock);
  const Bytes needed{memory::round_to_pages(blocks * kBytesOfBlock + fence_bytes)};
  if (!reserved.resize(needed)) return;  // whole pages were reserved, so this only shrinks
  auto allocated = io::Buffer::allocate(std::move(reserved));
  if (!allocated) return;  // slower, and as exact
  memory = *std::move(allocated);
  fence_step = step;
  filter_blocks = blocks;
  // 0.69 bits to set for each bit there is are the best choice.
  const std::uint64_t bits = blocks * kBitsOfBlock / entries * 69 / 100;
  filter_bits = static_cast<int>(std::clamp<std::uint64_t>(bits, 1, kMostFilterBits));
}

template <typename Entry>
void KeyRuns<Entry>::Run::add(std::uint64_t index, MixedKey key) {
  if (fence_step != 0 && index % (kEntriesOfPage * fence_step) == 0)
    fence()[index / (kEntriesOfPage * fence_step)] = key.first;
  if (filter_blocks == 0) return;
  std::uint64_t* const block = filter_block(block_hash(key));
  std::uint64_t bits = bit_hash(key);
  for (int i = 0; i < filter_bits; ++i, bits >>= kBitsOfPlace)
    block[bits % kBitsOfBlock / 64] |= std::uint64_t{1} << (bits % 64);
}

template <typename Entry>
bool KeyRuns<Entry>::Run::may_have(MixedKey key) const {
  if (filter_blocks == 0) return true;
  const std::uint64_t* const block = filter_block(block_hash(key));
  std::uint64_t bits = bit_hash(key);
  for (int i = 0; i < filter_bits; ++i, bits >>= kBitsOfPlace)
    if ((block[bits % kBitsOfBlock / 64] >> (bits % 64) & 1U) == 0) return false;
  return true;
}

template <typename Entry>
std::size_t KeyRuns<Entry>::index_bytes(std::uint64_t entries) {
  const std::uint64_t filter = divide_up(entries * kBitsOfKey, kBitsOfBlock) * kBytesOfBlock;
  const std::uint64_t fence = divide_up(entries, kEntriesOfPage) * sizeof(std::uint64_t);
  return memory::round_to_pages(filter + fence);
}

template <typename Entry>
std::size_t KeyRuns<Entry>::memory() const {
  std::size_t bytes = 0;
  for (const Run& run : runs_) bytes += run.memory.size();
  return bytes;
}

template <typename Entry>
Result<> KeyRuns<Entry>::write(std::span<const Entry> sorted) {
  M3U_TRY(auto file, space_->create_file());
  std::array<spill::SpillBlockHeader, kPagesOfWrite> headers{};
  std::array<std::string_view, 2 * kPagesOfWrite> pieces;
  std::span<const Entry> rest = sorted;
  while (!rest.empty()) {
    std::size_t pages = 0;
    for (std::uint64_t offset = file->size(); pages < kPagesOfWrite && !rest.empty(); ++pages) {
      const auto page = rest.first(std::min(rest.size(), kEntriesOfPage));
      rest = rest.subspan(page.size());
      pieces[2 * pages + 1] = view(page.data(), page.size_bytes());
      headers[pages] = spill::make_spill_header(pieces[2 * pages + 1], 0, offset);
      pieces[2 * pages] = view(&headers[pages], spill::kSpillHeader);
      offset += spill::kSpillHeader + page.size_bytes();
    }
    M3U_CHECK(file->write(std::span(pieces).first(2 * pages)));
  }
  runs_.push_back({.file = std::move(file), .entries = sorted.size()});
  return {};
}

template <typename Entry>
void KeyRuns<Entry>::index_last(std::span<const Entry> sorted, memory::Reservation memory) {
  Run& run = runs_.back();
  run.plan(std::move(memory));
  for (std::size_t i = 0; i < sorted.size(); ++i) run.add(i, sorted[i].key());
}

template <typename Entry>
Result<std::optional<std::uint32_t>> KeyRuns<Entry>::find(MixedKey key) const {
  for (const Run& run : runs_) {
    if (!run.may_have(key)) continue;
    auto found = find_in(run, key);
    if (!found || *found) return found;
  }
  return std::nullopt;
}

template <typename Entry>
Result<std::optional<std::uint32_t>> KeyRuns<Entry>::find_in(const Run& run, MixedKey key) const {
  if (run.fence_step == 0) return find_in_pages(run, key, 0, run.pages());
  const std::span<const std::uint64_t> fence(run.fence(), run.fences());
  // The part before the first fence that isn't smaller, and those that begin with the same half.
  auto part = static_cast<std::size_t>(std::ranges::lower_bound(fence, key.first) - fence.begin());
  if (part != 0) --part;
  for (; part < fence.size() && fence[part] <= key.first; ++part) {
    const std::uint64_t begin = part * run.fence_step;
    auto found = find_in_pages(run, key, begin, std::min(begin + run.fence_step, run.pages()));
    if (!found || *found) return found;
  }
  return std::nullopt;
}

template <typename Entry>
Result<std::optional<std::uint32_t>> KeyRuns<Entry>::find_in_pages(const Run& run, MixedKey key,
                                                                   std::uint64_t begin,
                                                                   std::uint64_t end) {
  alignas(16) std::array<char, kPage> buffer;  // NOLINT(*-member-init): filled by read
  while (begin < end) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    M3U_TRY(const std::span<const Entry> page, read_page(run, middle, buffer));
    if (key < page.front().key()) {
      end = middle;
    } else if (page.back().key() < key) {
      begin = middle + 1;
    } else {
      const auto at = std::ranges::lower_bound(page, key, {}, &Entry::key);
      if (at->key() == key) return at->value();
      return std::nullopt;
    }
  }
  return std::nullopt;
}

template <typename Entry>
Result<std::span<const Entry>> KeyRuns<Entry>::read_page(const Run& run, std::uint64_t page,
                                                         std::span<char> buffer) {
  M3U_TRY(const std::span<char> bytes,
          spill::read_spill_block(*run.file, page * kPage, buffer.first(run.page_bytes(page))));
  return std::span(reinterpret_cast<const Entry*>(bytes.data()), bytes.size() / sizeof(Entry));
}

/// Reads a run from front to back, as many pages at once as its buffer holds.
template <typename Entry>
class KeyRuns<Entry>::Input {
 public:
  Input(const Run& run, std::span<char> buffer) : run_(&run), buffer_(buffer) {}

  /// The entry it is at; nullptr behind the last.
  [[nodiscard]] const Entry* entry() const { return entry_; }
  Result<> next() {
    if (entry_ != nullptr) ++entry_;
    if (entry_ != end_) return {};
    if (in_buffer_ == loaded_) M3U_CHECK(load());
    if (in_buffer_ == loaded_) {
      entry_ = nullptr;
      return {};
    }
    const std::uint64_t page = page_ - loaded_ + in_buffer_;
    const std::span<char> block = buffer_.subspan(in_buffer_ * kPage, run_->page_bytes(page));
    M3U_TRY(const std::span<char> bytes, spill::check_spill_block(block, page * kPage));
    entry_ = reinterpret_cast<const Entry*>(bytes.data());
    end_ = entry_ + bytes.size() / sizeof(Entry);
    ++in_buffer_;
    return {};
  }

 private:
  Result<> load() {
    loaded_ = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer_.size() / kPage, run_->pages() - page_));
    in_buffer_ = 0;
    if (loaded_ == 0) return {};
    const std::uint64_t begin = page_ * kPage;
    page_ += loaded_;
    const std::uint64_t end = (page_ - 1) * kPage + run_->page_bytes(page_ - 1);
    return spill::read_spill_bytes(*run_->file, begin,
                                   buffer_.first(static_cast<std::size_t>(end - begin)));
  }

  const Run* run_;
  std::span<char> buffer_;
  std::uint64_t page_ = 0;     // the first one behind the buffer
  std::size_t loaded_ = 0;     // pages in the buffer
  std::size_t in_buffer_ = 0;  // of these are taken
  const Entry* entry_ = nullptr;
  const Entry* end_ = nullptr;
};

/// Writes a run from front to back.
template <typename Entry>
class KeyRuns<Entry>::Output {
 public:
  Output(Run& run, std::span<char> buffer) : run_(&run), buffer_(buffer) {}

  Result<> append(const Entry& entry) {
    run_->add(index_++, entry.key());
    std::memcpy(buffer_.data() + used_ + spill::kSpillHeader + in_page_ * sizeof(Entry), &entry,
                sizeof(Entry));
    if (++in_page_ == kEntriesOfPage) {
      close_page();
      if (used_ + kPage > buffer_.size()) return flush();
    }
    return {};
  }
  Result<> finish() {
    if (in_page_ != 0) close_page();
    return flush();
  }

 private:
  void close_page() {
    const std::size_t size = in_page_ * sizeof(Entry);
    const spill::SpillBlockHeader header = spill::make_spill_header(
        view(buffer_.data() + used_ + spill::kSpillHeader, size), 0, run_->file->size() + used_);
    std::memcpy(buffer_.data() + used_, &header, sizeof(header));
    used_ += spill::kSpillHeader + size;
    in_page_ = 0;
  }
  Result<> flush() { return run_->file->write(view(buffer_.data(), std::exchange(used_, 0))); }

  Run* run_;
  std::span<char> buffer_;
  std::uint64_t index_ = 0;
  std::size_t used_ = 0;
  std::size_t in_page_ = 0;
};

template <typename Entry>
std::size_t KeyRuns<Entry>::tier_of(const Run& run) {
  return static_cast<std::size_t>(std::bit_width(run.entries)) / 3;  // a tier is ×8
}

template <typename Entry>
Result<> KeyRuns<Entry>::merge(std::span<char> scratch) {
  const std::size_t most = std::min(kRunsOfTier, scratch.size() / kPage - 1);
  if (most < 2) return {};
  while (true) {
    std::ranges::stable_sort(runs_, std::greater<>(), &Run::entries);
    std::size_t begin = runs_.size();
    std::size_t count = 0;
    for (std::size_t i = 0; i < runs_.size() && count < kRunsOfTier; ++i) {
      if (count == 0 || tier_of(runs_[i]) != tier_of(runs_[begin])) {
        begin = i;
        count = 0;
      }
      ++count;
    }
    if (count < kRunsOfTier) return {};
    M3U_CHECK(merge_runs(begin, most, scratch));
  }
}

template <typename Entry>
Result<> KeyRuns<Entry>::merge_runs(std::size_t begin, std::size_t count, std::span<char> scratch) {
  Run merged;
  M3U_TRY(merged.file, space_->create_file());
  const std::span<Run> runs = std::span(runs_).subspan(begin, count);
  memory::Reservation memory;
  for (Run& run : runs) {
    // Nobody asks meanwhile, so the new filter is in the memory of the old ones. Without
    // filters the runs are as exact, should this fail.
    merged.entries += run.entries;
    memory.absorb(run.memory.shrink(0));
    run.filter_blocks = run.fence_step = 0;
  }
  merged.plan(std::move(memory));
  const std::size_t share = scratch.size() / kPage / (count + 1) * kPage;
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < count; ++i) {
    inputs.emplace_back(runs[i], scratch.subspan(i * share, share));
    M3U_CHECK(inputs.back().next());
  }
  Output output(merged, scratch.subspan(count * share));
  while (!inputs.empty()) {
    auto least = inputs.begin();
    for (auto input = least + 1; input < inputs.end(); ++input)
      if (input->entry()->key() < least->entry()->key()) least = input;
    M3U_CHECK(output.append(*least->entry()));
    M3U_CHECK(least->next());
    if (least->entry() == nullptr) inputs.erase(least);
  }
  M3U_CHECK(output.finish());
  runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(begin),
              runs_.begin() + static_cast<std::ptrdiff_t>(begin + count));
  runs_.push_back(std::move(merged));
  return {};
}

template class KeyRuns<KeyEntry<false>>;
template class KeyRuns<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
