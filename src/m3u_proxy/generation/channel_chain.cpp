#include <m3u_proxy/generation/channel_chain.hpp>

namespace m3u_proxy::generation {
namespace {

/// The first pass's stages change how many rows there are; what is left behind each is counted.
void count_rows(pipeline::Stage stage, channels::ChannelItem& item) {
  if (stage < pipeline::Stage::kChannelNumbering)
    item.items_out[static_cast<std::size_t>(stage)] = item.batch.rows();
}

}  // namespace

Result<> ChannelChain::add_stage(pipeline::Stage stage, channels::ChannelStrategy& native) {
  scope_->strategies.set_pressure(scope_->watch.level());
  M3U_TRY(const auto strategies, scope_->strategies.of(stage, native));
  for (channels::ChannelStrategy* const strategy : strategies) {
    add(stage, strategy->parallel(), [strategy, stage](channels::ChannelItem& item) -> Result<> {
      M3U_CHECK(strategy->process(item));
      count_rows(stage, item);
      return {};
    });
    if (strategy != &native) holders_.push_back({.strategy = strategy, .step = steps_.size() - 1});
  }
  return {};
}

/// What each item begins with, wherever it is filled.
void ChannelChain::begin_item(channels::ChannelItem& item) const {
  item.clear();
  scope_->strategies.set_pressure(scope_->watch.level());
}

Result<> ChannelChain::run(pipeline::Stage input_stage, const Input& input) const {
  const auto fill = [&](channels::ChannelItem& item) {
    begin_item(item);
    return input(item);
  };
  M3U_CHECK(pipeline::Pass<channels::ChannelItem>(scope_->context, scope_->clock)
                .run(input_stage, fill, steps_));
  for (const Holder& holder : holders_) M3U_CHECK(flush(holder));
  return {};
}

/// What a strategy holds back goes through the steps behind it.
Result<> ChannelChain::flush(const Holder& holder) const {
  const auto first = steps_.begin() + static_cast<std::ptrdiff_t>(holder.step);
  const auto rest = [&](channels::ChannelItem& item) -> Result<bool> {
    if (scope_->context.cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped on request");
    begin_item(item);
    M3U_TRY(const bool more, holder.strategy->flush(item));
    count_rows(first->stage, item);
    return more;
  };
  return pipeline::Pass<channels::ChannelItem>(scope_->context, scope_->clock)
      .run(first->stage, rest, {first + 1, steps_.end()});
}

}  // namespace m3u_proxy::generation
