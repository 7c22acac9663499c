#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include <m3u_proxy/spill/blob_sorter.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr std::size_t kSizes = 2 * sizeof(std::uint32_t);
constexpr std::uint64_t kMostRecord = std::uint64_t{1} << 30U;

std::uint32_t number_at(const char* p) {
  std::uint32_t value = 0;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

std::uint64_t prefix_of(std::string_view key) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key.data(), std::min(key.size(), sizeof(prefix)));
  if constexpr (std::endian::native == std::endian::little) prefix = __builtin_bswap64(prefix);
  return prefix;
}

}  // namespace

std::string_view BlobSorter::Form::key(const char* record) {
  return {record + kSizes, number_at(record)};
}

std::string_view BlobSorter::Form::payload(const char* record) {
  return {record + kSizes + number_at(record), number_at(record + sizeof(std::uint32_t))};
}

std::size_t BlobSorter::Form::size(const char* record) {
  return kSizes + number_at(record) + number_at(record + sizeof(std::uint32_t));
}

std::span<BlobSorter::Entry> BlobSorter::entries() const {
  return {reinterpret_cast<Entry*>(buffer_.data() + buffer_.size()) - count_, count_};
}

bool BlobSorter::has_room(std::size_t record) const {
  return used_ + record + (count_ + 1) * sizeof(Entry) <= buffer_.size();
}

Result<> BlobSorter::add(std::string_view key, std::string_view payload) {
  const std::size_t record = kSizes + key.size() + payload.size();
  if (record > kMostRecord)
    return fail(ErrorCode::kInvalidArgument, "a record to sort is larger than 1 GB");
  if (!has_room(record)) M3U_CHECK(make_room(record));
  char* const to = buffer_.data() + used_;
  const auto key_size = static_cast<std::uint32_t>(key.size());
  const auto payload_size = static_cast<std::uint32_t>(payload.size());
  std::memcpy(to, &key_size, sizeof(key_size));
  std::memcpy(to + sizeof(key_size), &payload_size, sizeof(payload_size));
  std::ranges::copy(key, to + kSizes);
  std::ranges::copy(payload, to + kSizes + key.size());
  ++count_;
  entries().front() = {.prefix = prefix_of(key), .offset = used_};
  used_ += record;
  ++size_;
  return {};
}

/// Doubles the buffer, or makes it as large as one record needs.
Result<bool> BlobSorter::grow(std::size_t record) {
  const std::size_t before = buffer_.size();
  const Bytes most = count_ == 0 ? std::max(most_sorter_memory(*budget_, options_),
                                            Bytes{kSorterBlock + record + sizeof(Entry)})
                                 : most_sorter_memory(*budget_, options_);
  M3U_TRY(const bool grown, grow_sorter_memory(buffer_, *budget_, options_.tag, most));
  if (grown && count_ != 0) {
    const std::size_t bytes = count_ * sizeof(Entry);
    std::memmove(buffer_.data() + buffer_.size() - bytes, buffer_.data() + before - bytes, bytes);
  }
  return grown;
}

Result<> BlobSorter::make_room(std::size_t record) {
  if (buffer_.size() == 0) M3U_CHECK(runs_.prepare());
  while (!has_room(record)) {
    M3U_TRY(const bool grown, grow(record));
    if (grown) continue;
    if (count_ == 0 || !runs_.can_spill() || buffer_.size() < kLeastSorterMemory)
      return fail(budget_->over_budget(options_.tag, Bytes{std::max(record, kSorterBlock)}));
    M3U_CHECK(spill());
  }
  return {};
}

void BlobSorter::sort() {
  const char* const records = buffer_.data();
  // The offset rises with the order they came in, so this keeps it, and needs no memory.
  std::ranges::sort(entries(), [records](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = Form::key(records + a.offset).compare(Form::key(records + b.offset));
    return order != 0 ? order < 0 : a.offset < b.offset;
  });
}

Result<> BlobSorter::spill() {
  sort();
  const std::span<char> block = buffer_.bytes().first(kSorterBlock);
  const auto write = [this](SorterRunWriter& writer) -> Result<> {
    for (const Entry& entry : entries()) {
      const char* const record = buffer_.data() + entry.offset;
      M3U_CHECK(writer.append({record, Form::size(record)}));
    }
    return {};
  };
  M3U_CHECK(memory::guarded([&] { return runs_.add_run(block, write); }));
  used_ = kSorterBlock;
  count_ = 0;
  // The limit may have been lowered since.
  buffer_.shrink(most_sorter_memory(*budget_, options_).count);
  return {};
}

Result<> BlobSorter::finish() {
  if (runs_.empty()) {
    sort();
    return rewind();
  }
  if (count_ != 0) M3U_CHECK(spill());
  buffer_.shrink(runs_.merge_memory());
  return rewind();
}

Result<> BlobSorter::rewind() {
  at_ = 0;
  if (runs_.empty()) return {};
  return memory::guarded([&] { return runs_.open(buffer_.bytes()); });
}

Result<bool> BlobSorter::next(std::string_view& key, std::string_view& payload) {
  const char* record = nullptr;
  if (!runs_.empty()) {
    M3U_TRY(record, runs_.next());
  } else if (at_ != count_) {
    record = buffer_.data() + entries()[at_++].offset;
  }
  if (record == nullptr) return false;
  key = Form::key(record);
  payload = Form::payload(record);
  return true;
}

void BlobSorter::clear() {
  runs_.clear();
  buffer_ = {};
  used_ = kSorterBlock;
  count_ = at_ = 0;
  size_ = 0;
}

}  // namespace m3u_proxy::spill
