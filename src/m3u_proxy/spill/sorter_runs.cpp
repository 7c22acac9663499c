#include <algorithm>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/sorter_runs.hpp>

namespace m3u_proxy::spill {

Result<> SorterRunWriter::append(std::string_view record) {
  if (used_ + record.size() > buffer_.size() - spill::kSpillHeader) M3U_CHECK(flush());
  if (record.size() > buffer_.size() - spill::kSpillHeader) {
    M3U_CHECK(spill::append_spill_block(*file_, record));
    return {};
  }
  std::memcpy(buffer_.data() + used_, record.data(), record.size());
  used_ += record.size();
  return {};
}

Result<> SorterRunWriter::flush() {
  if (used_ == 0) return {};
  M3U_CHECK(spill::append_spill_block(*file_, {buffer_.data(), used_}));
  used_ = 0;
  return {};
}

Result<SorterRun> SorterRunWriter::finish() {
  M3U_CHECK(flush());
  return SorterRun{.begin = begin_, .end = file_->size()};
}

Result<std::span<const char>> SorterRunReader::next() {
  if (next_ == end_) return std::span<const char>();
  const auto ahead = buffer_.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end_ - next_)));
  M3U_CHECK(spill::read_spill_bytes(*file_, next_, ahead));
  spill::SpillBlockHeader header{};
  std::memcpy(&header, ahead.data(), sizeof(header));
  const std::uint64_t size = spill::kSpillHeader + header.size;
  if (size > end_ - next_)
    return fail(spill::damaged_spill(next_, "a block is longer than what was written"));
  const std::uint64_t at = std::exchange(next_, next_ + size);
  std::pmr::vector<char>(large_.get_allocator()).swap(large_);
  if (size <= ahead.size())
    return spill::check_spill_block(ahead.first(static_cast<std::size_t>(size)), at);
  return memory::guarded([&]() -> Result<std::span<const char>> {
    large_.resize(static_cast<std::size_t>(size));
    return spill::read_spill_block(*file_, at, large_);
  });
}

}  // namespace m3u_proxy::spill
