// GuidePass: the last pass of a generation: the guide of the written channels.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/load_pass.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::generation {

/// Run once, by one thread.
class GuidePass {
 public:
  /// `loaded`, which lives longer, knows the guides that playlists name.
  GuidePass(GenerationScope& scope, const LoadPass& loaded);

  /// The guide's address for the playlist; "" where there is none. After the load pass.
  [[nodiscard]] std::string url() const;
  /// Adds written channels, in order. Errors: kOverBudget, kDiskFull, kIo.
  Result<> add(const catalog::ChannelBatch& batch);
  /// Writes the guide, if there is anything to make it of. Errors: kPlugin, kOverBudget,
  /// kCancelled, kDiskFull and kIo (writing); a source that fails is a part of the result.
  Result<> run(StageObserver& observer);

  [[nodiscard]] const guide::GuideResult& result() const { return result_; }
  /// Whether it is to be published; else the last one stays.
  [[nodiscard]] bool is_written() const { return is_written_; }
  /// Why it is not although sources could be read; "" for no such reason.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  /// Whether a source could be read.
  [[nodiscard]] bool was_read() const;

 private:
  [[nodiscard]] std::vector<guide::EpgSource> sources() const;
  Result<io::TempFolder*> folder(std::unique_ptr<io::TempFolder>& own) const;
  Result<> add_plugins();
  Result<> generate(std::span<const guide::EpgSource> sources);
  void check_losses();

  GenerationScope& scope_;
  const LoadPass& loaded_;
  std::optional<guide::GuideGenerator> generator_;  ///< until its leavings are cleaned
  guide::GuideResult result_;
  bool is_written_ = false;
  std::string refusal_;
};

}  // namespace m3u_proxy::generation
