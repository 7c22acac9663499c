// EPG Generation: selects, checks and rewrites the programmes of one window of a guide.
//
// What stands before and after it in the pass, reading, splitting and writing in order, is
// GuideSourcePass.
#pragma once

#include <m3u_proxy/guide/windows/window_selector.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::guide {

class EpgGenerationStrategy final : public pipeline::StageStrategy<GuideWork> {
 public:
  explicit EpgGenerationStrategy(const GuideTask& task) : worker_(task) {}

  [[nodiscard]] bool parallel() const override { return true; }
  /// Works on a window that has been split.
  Result<> process(GuideWork& work) override {
    worker_.process(work);
    return {};
  }
  /// The next part of a window whose results were too many for one.
  void go_on(GuideWork& work) const { worker_.go_on(work); }

 private:
  GuideWorker worker_;
};

}  // namespace m3u_proxy::guide
