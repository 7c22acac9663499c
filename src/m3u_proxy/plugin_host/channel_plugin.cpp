#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/channels/channel_limits.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/plugin_host/channel_plugin.hpp>
#include <m3u_proxy/plugin_host/frame_check.hpp>

namespace m3u_proxy::plugin_host {

using catalog::ChannelBatch;
using catalog::ChannelField;
using channels::ChannelItem;

namespace {

bool is_same(catalog::FrameBytes a, catalog::FrameBytes b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

/// The results go into item.plugin_bytes as they are and become the item's batch at the end. Most
/// items have one; rows of native work are copied. What item.plugin_bytes held before, in which the
/// item's batch may be, is in item.plugin_spare until then.
class ChannelPlugin::Results {
 public:
  explicit Results(ChannelItem& item) : item_(item), out_(item.plugin_bytes) {
    item.plugin_spare.swap(item.plugin_bytes);
  }
  /// Leaves the item's batch as it was.
  void drop() { item_.plugin_spare.swap(item_.plugin_bytes); }

  /// The item's own batch is needed no more once there is a result.
  void add(Frame frame) {
    const std::size_t at = (used_ + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
    used_ = at + frame.size();
    if (used_ > out_.size()) {
      if (at == 0) out_.clear();  // nothing to be moved
      out_.resize(used_);
    }
    std::memcpy(out_.data() + at, frame.data(), frame.size());
    begins_.push_back(at);
  }

  /// Makes the item's batch of the frames.
  void load(memory::SlabPool& slabs) {
    if (begins_.empty()) {
      item_.batch.clear();
      return;
    }
    if (begins_.size() == 1) {
      catalog::load_frame({out_.data(), used_}, item_.batch);
      return;
    }
    item_.batch.clear();
    ChannelBatch one(slabs);
    for (std::size_t i = 0; i < begins_.size(); ++i) {
      const std::size_t end = i + 1 < begins_.size() ? begins_[i + 1] : used_;
      catalog::load_frame({out_.data() + begins_[i], end - begins_[i]}, one);
      item_.batch.append_rows(one, 0, one.rows(), ChannelBatch::Texts::kStay);
    }
  }

 private:
  ChannelItem& item_;
  std::pmr::vector<std::uint8_t>& out_;  // what it was for other items is not cleared
  std::size_t used_ = 0;
  std::vector<std::size_t> begins_;
};

ChannelPlugin::ChannelPlugin(StagePlugin& work, channels::ChannelStrategy* replaces)
    : work_(work),
      replaces_(replaces),
      slabs_(*work.run().info.context->slabs),
      // Native numbers depend on all that were given before.
      held_(work, replaces != nullptr && !replaces->parallel()) {
  if (parallel()) return;
  pending_ = std::make_unique<ChannelBatch>(slabs_);
  builder_ = std::make_unique<catalog::FrameBuilder>(slabs_.budget());
}

ChannelPlugin::~ChannelPlugin() = default;

Result<> ChannelPlugin::process(ChannelItem& item) {
  return parallel() ? process_batch(item) : process_chunks(item);
}

/// What has to be right about a frame from outside before it is used.
Result<> ChannelPlugin::check(Frame frame) const {
  M3U_TRY(const catalog::FrameSummary summary, check_channel_frame(frame));
  if (summary.rows != 0 && summary.highest_source >= work_.run().info.sources.size())
    return fail(ErrorCode::kPlugin, "it gave a channel of a source that there is not");
  return {};
}

/// The host's part in what a plugin or the native strategy made.
void ChannelPlugin::finish_batch(ChannelItem& item) const {
  const generation::PluginRunInfo& info = work_.run().info;
  ChannelBatch& batch = item.batch;
  channels::enforce_channel_limits(batch, item.problems);
  std::string space;
  for (std::size_t row = 0; info.with_ids && row < batch.rows(); ++row) {
    if (batch.id(row) != Uuid{}) continue;
    const Uuid source = source_id(info.sources[batch.source(row)].name);
    const auto url = batch.text(ChannelField::kStreamUrl, row);
    const auto name = batch.text(ChannelField::kChannelName, row);
    batch.set_id(row, channel_id(source, formats::channel_key(url, name, space)));
  }
  work_.count_items_out(batch.rows());
}

/// A parallel plugin: the batch as it is.
Result<> ChannelPlugin::process_batch(ChannelItem& item) {
  if (item.batch.rows() == 0) return {};
  const Frame frame = item.frame.frame_of(item.batch);
  enum class Outcome : std::uint8_t { kDropped, kUnchanged, kChanged };
  auto outcome = Outcome::kDropped;
  Results results(item);
  M3U_TRY(const bool good, work_.process(frame, item.batch.rows(), [&](Frame answer) -> Result<> {
    outcome = is_same(answer, frame) ? Outcome::kUnchanged : Outcome::kChanged;
    if (outcome == Outcome::kUnchanged) return {};
    M3U_CHECK(check(answer));
    results.add(answer);
    return {};
  }));
  if (!good) {
    results.drop();
    work_.count_replaced();
    return replaces_ != nullptr ? replaces_->process(item) : Result<>();
  }
  switch (outcome) {
    case Outcome::kUnchanged:
      results.drop();
      break;
    case Outcome::kChanged:
      results.load(slabs_);
      break;
    case Outcome::kDropped:
      item.batch.clear();
      break;
  }
  finish_batch(item);
  return {};
}

/// A serial plugin: rows are gathered until a chunk is full.
Result<> ChannelPlugin::process_chunks(ChannelItem& item) {
  const std::size_t rows = item.batch.rows();
  if (pending_->rows() + rows < kChunkRows) {
    pending_->append_rows(item.batch, 0, rows, ChannelBatch::Texts::kCopy);
    item.batch.clear();
    return {};
  }
  Results results(item);
  std::size_t row = 0;
  while (pending_->rows() + (rows - row) >= kChunkRows) {
    const std::size_t missing = kChunkRows - pending_->rows();
    if (missing == kChunkRows) {
      M3U_CHECK(process_chunk({item.batch, row, missing}, item, results));
    } else {
      pending_->append_rows(item.batch, row, missing, ChannelBatch::Texts::kStay);
      M3U_CHECK(process_chunk({*pending_, 0, kChunkRows}, item, results));
      pending_->clear();
    }
    row += missing;
  }
  pending_->append_rows(item.batch, row, rows - row, ChannelBatch::Texts::kCopy);
  results.load(slabs_);
  finish_batch(item);
  return {};
}

Result<> ChannelPlugin::process_chunk(const Rows& rows, ChannelItem& item, Results& results) {
  if (held_.keeps_chunks())
    M3U_CHECK(held_.keep(builder_->build(rows.batch, rows.first, rows.count)));
  if (held_.gave_up()) return {};
  // The chunk's frame comes into being in the plugin's memory.
  const std::size_t size = builder_->measure(rows.batch, rows.first, rows.count);
  const auto write = [&](std::uint8_t* to) { builder_->write(to); };
  M3U_TRY(const bool good, work_.process(size, write, rows.count, [&](Frame answer) -> Result<> {
    M3U_CHECK(check(answer));
    if (held_.holds_results()) return held_.add(answer);
    results.add(answer);
    return {};
  }));
  if (good) return {};
  if (held_.holds_results()) {
    held_.give_up();
    return {};
  }
  work_.count_replaced();
  return replace(builder_->build(rows.batch, rows.first, rows.count), item, results);
}

/// The native strategy does a chunk's work.
Result<> ChannelPlugin::replace(Frame frame, ChannelItem& item, Results& results) {
  if (replaces_ == nullptr) {
    results.add(frame);
    return {};
  }
  if (!spare_) spare_ = std::make_unique<ChannelItem>(slabs_);
  catalog::load_frame(frame, spare_->batch);
  spare_->source = item.source;
  M3U_CHECK(replaces_->process(*spare_));
  item.problems.merge(std::exchange(spare_->problems, {}), "");
  item.rule_counts.merge(std::exchange(spare_->rule_counts, {}));
  item.filter_counts.merge(std::exchange(spare_->filter_counts, {}));
  results.add(spare_->frame.build(spare_->batch));
  return {};
}

Result<bool> ChannelPlugin::flush(ChannelItem& item) {
  if (parallel()) {
    work_.finish();
    return false;
  }
  Results results(item);
  bool more = true;
  if (pending_->rows() != 0) {
    M3U_CHECK(process_chunk({*pending_, 0, pending_->rows()}, item, results));
    pending_->clear();
  } else {
    M3U_TRY(more, held_.next([this](Frame frame) { return check(frame); },
                             [&](Frame frame, bool again) -> Result<> {
                               if (again) return replace(frame, item, results);
                               results.add(frame);
                               return {};
                             }));
  }
  if (!more) return false;
  results.load(slabs_);
  finish_batch(item);
  return true;
}

}  // namespace m3u_proxy::plugin_host
