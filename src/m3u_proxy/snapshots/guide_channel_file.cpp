#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/guide_channel_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

constexpr std::uint32_t kContent = 0x43484E4C;  // "CHNL"
enum Kind : std::uint32_t { kChannels = 1, kCounts = 2 };
constexpr std::size_t kBytesPerBlock = std::size_t{128} << 10U;
constexpr std::size_t kCountsPerBlock = std::size_t{64} << 10U;
/// The texts of a record, in the order of GuideChannelView.
constexpr std::size_t kTexts = 5;

std::string joined(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += '\n';
    text += name;
  }
  return text;
}

bool take_record(std::string_view& rest, GuideChannelView& out) {
  std::array<std::uint32_t, kTexts> sizes{};
  if (rest.size() < sizeof(sizes)) return false;
  std::memcpy(sizes.data(), rest.data(), sizeof(sizes));
  rest.remove_prefix(sizeof(sizes));
  const std::array<std::string_view*, kTexts> texts = {&out.id, &out.names, &out.folded_id,
                                                       &out.folded_names, &out.name_keys};
  for (std::size_t i = 0; i < kTexts; ++i) {
    if (rest.size() < sizes[i]) return false;
    *texts[i] = rest.substr(0, sizes[i]);
    rest.remove_prefix(sizes[i]);
  }
  return true;
}

}  // namespace

GuideChannelWriter::GuideChannelWriter(io::ByteSink& sink, memory::Budget& budget)
    : blocks_(sink, budget, kContent),
      resource_(budget, memory::Tag::kSnapshot),
      records_(&resource_) {}

Result<> GuideChannelWriter::write_block() {
  if (in_block_ == 0) return {};
  M3U_CHECK(blocks_.append(kChannels, size_ - in_block_, in_block_, records_));
  records_.clear();
  in_block_ = 0;
  return {};
}

Result<> GuideChannelWriter::on_channel(std::string_view id, std::span<const std::string> names) {
  return memory::guarded([&]() -> Result<> {
    const std::string text = joined(names);
    std::string keys;
    for (const std::string& name : names) {
      fold_name(trim(name), folded_);
      if (!keys.empty()) keys += '\n';
      keys += folded_;
    }
    const std::string folded_id = folded(id);
    const std::string folded_text = folded(text);
    const std::array<std::string_view, kTexts> texts = {id, text, folded_id, folded_text, keys};
    for (const std::string_view one : texts) {
      const auto size = static_cast<std::uint32_t>(one.size());
      records_.append(reinterpret_cast<const char*>(&size), sizeof(size));
    }
    for (const std::string_view one : texts) records_.append(one);
    ++size_;
    ++in_block_;
    return records_.size() < kBytesPerBlock ? Result<>() : write_block();
  });
}

Result<> GuideChannelWriter::on_programmes(std::span<const std::uint32_t> counts) {
  M3U_CHECK(write_block());
  for (std::size_t at = 0; at < counts.size(); at += kCountsPerBlock) {
    const auto some = counts.subspan(at, std::min(kCountsPerBlock, counts.size() - at));
    M3U_CHECK(blocks_.append(kCounts, at, static_cast<std::uint32_t>(some.size()),
                             {reinterpret_cast<const char*>(some.data()), some.size_bytes()}));
  }
  return blocks_.finish();
}

GuideChannelFile::GuideChannelFile(std::unique_ptr<BlockReader> blocks, std::string name,
                                   memory::Budget& budget)
    : blocks_(std::move(blocks)),
      name_(std::move(name)),
      budget_(&budget),
      resource_(budget, memory::Tag::kSnapshot),
      counts_(&resource_) {}

Result<std::shared_ptr<const GuideChannelFile>> GuideChannelFile::open(io::Descriptor file,
                                                                       std::string name,
                                                                       memory::Budget& budget) {
  M3U_TRY(auto blocks, BlockReader::open(std::move(file), name, budget, kContent));
  const std::shared_ptr<GuideChannelFile> opened(
      new GuideChannelFile(std::move(blocks), std::move(name), budget));
  M3U_CHECK(memory::guarded([&] { return opened->load(); }));
  return opened;
}

Result<> GuideChannelFile::load() {
  BlockBuffer buffer(*budget_);
  std::uint64_t channels = 0;
  for (std::size_t i = 0; i < blocks_->blocks().size(); ++i) {
    const BlockEntry& entry = blocks_->blocks()[i];
    if (entry.kind != kCounts) {
      channels += entry.items;
      continue;
    }
    M3U_TRY(const auto bytes, blocks_->read(i, buffer));
    if (bytes.size() != entry.items * sizeof(std::uint32_t))
      return fail(ErrorCode::kParse, name_ + " is damaged");
    const std::size_t before = counts_.size();
    counts_.resize(before + entry.items);
    std::memcpy(counts_.data() + before, bytes.data(), bytes.size());
  }
  if (channels != counts_.size()) return fail(ErrorCode::kParse, name_ + " is damaged");
  return {};
}

Result<> GuideChannelFile::for_each(const Visitor& visit) const {
  BlockBuffer buffer(*budget_);
  std::size_t number = 0;
  for (std::size_t i = 0; i < blocks_->blocks().size(); ++i) {
    const BlockEntry& entry = blocks_->blocks()[i];
    if (entry.kind != kChannels) continue;
    M3U_TRY(const auto bytes, blocks_->read(i, buffer));
    std::string_view rest(bytes.data(), bytes.size());
    for (std::uint32_t item = 0; item < entry.items; ++item) {
      GuideChannelView view;
      if (!take_record(rest, view)) return fail(ErrorCode::kParse, name_ + " is damaged");
      view.programmes = counts_[number++];
      if (!visit(view)) return {};
    }
  }
  return {};
}

}  // namespace m3u_proxy::snapshots
