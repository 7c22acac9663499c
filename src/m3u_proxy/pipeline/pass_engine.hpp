// PassEngine: what makes a pass, for items of any kind; Pass is the form in which it is used.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/pipeline/stage_clock.hpp>

namespace m3u_proxy::pipeline {

/// What goes through a pass: a batch with everything that its steps need for it. Items are
/// recycled: each belongs to one worker at a time and keeps its memory for the next batch.
class PassItem {
 public:
  PassItem() = default;
  PassItem(const PassItem&) = delete;
  PassItem& operator=(const PassItem&) = delete;
  virtual ~PassItem() = default;
};

class PassEngine {
 public:
  struct Step {
    Stage stage = Stage::kSourceLoading;
    bool parallel = false;
    std::function<Result<>(PassItem&)> run;
  };
  using Input = std::function<Result<bool>(PassItem&)>;
  using MakeItem = std::function<std::unique_ptr<PassItem>()>;

  PassEngine(const RunContext& context, StageClock& clock, MakeItem make_item)
      : context_(context), clock_(clock), make_item_(std::move(make_item)) {}

  /// As Pass::run().
  Result<> run(Stage input_stage, const Input& input, const std::vector<Step>& steps);

 private:
  struct Work {
    Stage input_stage;
    const Input& input;
    const std::vector<Step>& steps;
  };
  /// Does the whole pass where it has only one item (false); else what it filled waits in ahead_.
  bool run_alone(const Work& work);
  /// Each runs until the end (false) or until the number of live items has to change (true).
  bool run_serial(const Work& work);
  bool run_parallel(const Work& work, std::size_t live);
  /// The next item of a parallel pass; nullptr at its end, or when the number of live items has to
  /// change (`changes`).
  PassItem* next_of_parallel(const Work& work, std::size_t live, bool& changes);
  [[nodiscard]] std::size_t live_wanted() const;
  [[nodiscard]] bool has_room_for_another() const;
  bool fill(const Work& work, PassItem& item);
  void step(const Step& step, PassItem& item);
  void record(Error error);
  PassItem* take_item();
  PassItem* next_ahead();
  void give_back(PassItem* item);

  const RunContext& context_;
  StageClock& clock_;
  MakeItem make_item_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
  std::vector<std::unique_ptr<PassItem>> items_;
  std::vector<PassItem*> free_;
  std::vector<PassItem*> ahead_;      // filled, in order, and not yet worked on
  std::size_t most_live_ = SIZE_MAX;  // there was no room for more
};

}  // namespace m3u_proxy::pipeline
