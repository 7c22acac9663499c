#include <utility>

#include <m3u_proxy/guide/windows/epg_source_pass.hpp>

namespace m3u_proxy::guide {

EpgSourcePass::EpgSourcePass(const pipeline::RunContext& context,
                             std::unique_ptr<io::ByteSource> source, std::size_t window_bytes)
    : context_(&context),
      reader_(std::move(source), *context.slabs, window_bytes),
      splitter_(*context.slabs),
      stored_size_(reader_.stored_size()) {}

Result<bool> EpgSourcePass::read(GuideItem& item) {
  if (context_->cancel != nullptr && context_->cancel->cancelled())
    return fail(ErrorCode::kCancelled, "stopped while reading the guide");
  if (unusable_) return false;
  item.clear();
  const auto more = reader_.read(item.input.window);
  item.input.consumed = reader_.consumed();
  return more;
}

Result<> EpgSourcePass::split(GuideItem& item) {
  auto done = unusable_ ? Result<>() : splitter_.split(item.input.window);
  if (!done && ends_the_job(done.error())) return done;
  if (!done) {
    split_error_ = std::move(done).error();
    unusable_ = true;
  }
  if (unusable_) {
    item.input.window.elements.clear();
    item.input.window.problems.clear();
  }
  return {};
}

Result<> EpgSourcePass::run(pipeline::StageStrategy<GuideItem>& strategy, const Consume& consume) {
  constexpr pipeline::Stage kStage = pipeline::Stage::kEpgGeneration;
  pipeline::StageClock clock;
  pipeline::Pass<GuideItem> pass(*context_, clock);
  const auto hand_over = [&consume](GuideItem& item) {
    Result<> done = consume(item);
    item.input.window.slab = {};
    return done;
  };
  return pass.run(
      kStage, [this](GuideItem& item) { return read(item); },
      {{.stage = kStage, .parallel = false, .run = [this](GuideItem& item) { return split(item); }},
       {.stage = kStage,
        .parallel = strategy.parallel(),
        .run = [&strategy](GuideItem& item) { return strategy.process(item); }},
       {.stage = kStage, .parallel = false, .run = hand_over}});
}

Result<> EpgSourcePass::run_serial(const Consume& consume) {
  GuideItem item(*context_->slabs);
  while (true) {
    M3U_TRY(const bool more, read(item));
    if (!more) return {};
    M3U_CHECK(split(item));
    M3U_CHECK(consume(item));
  }
}

std::optional<Error> EpgSourcePass::failure() {
  if (!split_error_) return std::nullopt;
  // What broke off may only look like no guide.
  return reader_.error() ? reader_.error() : split_error_;
}

bool EpgSourcePass::partial() const { return splitter_.truncated() || reader_.error(); }

std::string EpgSourcePass::note(std::string_view source) const {
  if (reader_.error()) return to_string(*reader_.error(), source);
  if (splitter_.truncated()) return "the guide breaks off before its end";
  return std::string(reader_.note());
}

}  // namespace m3u_proxy::guide
