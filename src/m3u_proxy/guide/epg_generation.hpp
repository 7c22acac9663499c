// EPG Generation: selects, checks and rewrites the programmes of one window of a guide.
//
// What comes before and after it in the pass, reading, splitting and writing in order, is
// EpgSourcePass.
#pragma once

#include <m3u_proxy/guide/windows/window_selector.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::guide {

class EpgGenerationStrategy final : public pipeline::StageStrategy<GuideItem> {
 public:
  explicit EpgGenerationStrategy(const SourceContext& source) : selector_(source) {}

  [[nodiscard]] bool parallel() const override { return true; }
  /// Works on a window that has been split.
  Result<> process(GuideItem& item) override {
    selector_.process(item);
    return {};
  }
  /// The next part of a window whose results were too many for one.
  void go_on(GuideItem& item) const { selector_.go_on(item); }

 private:
  WindowSelector selector_;
};

}  // namespace m3u_proxy::guide
