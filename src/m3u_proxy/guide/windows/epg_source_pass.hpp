// EpgSourcePass: one EPG source streaming through EPG Generation: read and inflate, in order →
// split, in order → select, check and rewrite, on all threads → hand over, in order.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/guide/windows/guide_item.hpp>
#include <m3u_proxy/guide/windows/guide_reader.hpp>
#include <m3u_proxy/guide/windows/guide_splitter.hpp>
#include <m3u_proxy/pipeline/pass.hpp>

namespace m3u_proxy::guide {

/// For one run, in one thread.
class EpgSourcePass {
 public:
  /// What is done with a finished window, in order.
  using Consume = std::function<Result<>(GuideItem&)>;

  EpgSourcePass(const pipeline::RunContext& context, std::unique_ptr<io::ByteSource> source,
                std::size_t window_bytes);

  /// Streams the source through `strategy` to `consume`. Errors: those that end the job.
  Result<> run(pipeline::StageStrategy<GuideItem>& strategy, const Consume& consume);
  /// The same without a strategy, and on this thread.
  Result<> run_serial(const Consume& consume);

  [[nodiscard]] std::uint64_t bytes() const { return reader_.bytes(); }  ///< inflated
  [[nodiscard]] std::optional<std::uint64_t> stored_size() const { return stored_size_; }
  /// After the run: why the source could not be used at all.
  [[nodiscard]] std::optional<Error> failure();
  /// After the run: whether something is missing, and why (or what else is worth knowing).
  [[nodiscard]] bool partial() const;
  /// `source`: its name, which is not said again.
  [[nodiscard]] std::string note(std::string_view source) const;

 private:
  Result<bool> read(GuideItem& item);
  Result<> split(GuideItem& item);

  const pipeline::RunContext* context_;
  GuideReader reader_;
  GuideSplitter splitter_;
  std::optional<std::uint64_t> stored_size_;
  std::atomic<bool> unusable_{false};
  std::optional<Error> split_error_;
};

}  // namespace m3u_proxy::guide
