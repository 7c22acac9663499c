// JobsTest: sources that are files, a store in SQLite, and a clock that only the test moves.
#pragma once

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::jobs::testing {

/// The value of a Result; without one there is no test.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error());
    std::abort();
  }
  return *std::move(result);
}
inline void must(Result<> result) {
  if (!result) ADD_FAILURE() << to_string(result.error());
}

/// A playlist with channels of these names.
inline std::string playlist(std::initializer_list<std::string_view> names) {
  std::string text = "#EXTM3U\n";
  for (const std::string_view name : names)
    text += fmt::format("#EXTINF:-1 tvg-id=\"{0}\",{0}\nhttp://provider.example/{0}.ts\n", name);
  return text;
}

class JobsTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kBegin = 1'795'867'200;  // 2026-11-28T12:00:00Z

  void SetUp() override {
    process_ = must(runtime::Process::create(
        {.memory_limit = {.kind = memory::MemoryLimitSetting::Kind::kNone, .fixed = {}},
         .spill_folder = folder_.path()}));
    store_ = must(store::open_store(
        {.data = folder_.path(), .budget = &process_->budget(), .program = "1", .now = now()}));
    space_ = std::make_unique<SnapshotSpace>(
        *store_, SnapshotSpace::Options{.folder = folder_.path(),
                                        .disk = [this](const auto&) { return disk_; }});
    refresher_ = std::make_unique<Refresher>(*process_, *store_, *space_, clock(),
                                             Refresher::Options{.folder = folder_.path()});
    generator_ = std::make_unique<Generator>(
        *process_, *store_, *space_, *refresher_, clock(),
        Generator::Options{
            .folder = folder_.path(),
            .placeholders = snapshots::Placeholders::of_installation(std::string(32, '0')),
            .kept = 2});
  }

  /// Names what is there: source "tv" is the file tv.m3u, and proxy "home" is made of it.
  void add_home() {
    add(store::EntityKind::kSource, "tv", R"({"path":")" + file("tv.m3u").string() + R"("})");
    add(store::EntityKind::kProxy, "home", R"({"sources":["tv"]})");
  }
  store::Entity add(store::EntityKind kind, const std::string& name, const std::string& body) {
    return must(store_->entities().create({.kind = kind, .name = name, .body = body}, now()));
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }

  [[nodiscard]] store::Time now() const { return store::Time(std::chrono::milliseconds(now_)); }
  [[nodiscard]] Clock clock() const {
    return [this] { return now(); };
  }
  void pass(std::chrono::milliseconds time) { now_ += time.count(); }

  [[nodiscard]] std::shared_ptr<const Model> model() { return must(load_model(*store_, {})); }
  [[nodiscard]] Uuid source(std::string_view name = "tv") {
    return model()->find_source(name, false)->id;
  }
  [[nodiscard]] Uuid proxy(std::string_view name = "home") { return model()->find_proxy(name)->id; }

  /// Does a job as a worker would, and returns its report.
  Result<std::string> run(const store::NewJob& wanted) {
    pass(std::chrono::seconds(1));  // so that lists by time have an order
    must(store_->jobs().enqueue(wanted, now()));
    const auto job = must(
        store_->jobs().claim({.owner = "test", .now = now(), .lease = std::chrono::seconds(30)}));
    if (!job) return fail(ErrorCode::kInternal, "nothing was to be claimed");
    const JobContext context{
        .job = *job,
        .lease = {.job = job->id, .epoch = job->lease_epoch},
        .cancel = cancel_,
        .progress = [this](const JobProgress& progress) { progress_.push_back(progress); }};
    Result<std::string> result = job->kind == kRefreshJob ? refresher_->refresh(context, *model())
                                                          : generator_->generate(context, *model());
    must(store_->jobs().finish(context.lease, {}, now()));
    return result;
  }
  Result<std::string> refresh() { return run(refresh_job(source(), JobPriority::kPerson, {})); }
  Result<std::string> generate() { return run(generate_job(proxy(), JobPriority::kPerson, {})); }
  /// "3 candidate", "2 kept" …, newest first.
  std::vector<std::string> generations() {
    std::vector<std::string> texts;
    for (const store::GenerationRow& row : must(store_->generations().list(proxy())))
      texts.push_back(fmt::format("{} {}", row.number, store::to_string(row.state)));
    return texts;
  }
  /// "refresh queued" …, newest first.
  std::vector<std::string> jobs() {
    std::vector<std::string> texts;
    for (const store::Job& job : must(store_->jobs().list({})))
      texts.push_back(fmt::format("{} {}", job.kind, store::to_string(job.state)));
    return texts;
  }

  io::TestFolder folder_;
  std::atomic<std::int64_t> now_{kBegin * 1000};
  CancelToken cancel_;
  std::vector<JobProgress> progress_;  // of all jobs so far
  std::unique_ptr<runtime::Process> process_;
  std::unique_ptr<store::Store> store_;
  std::optional<SnapshotSpace::Disk> disk_;  // what is said to be free
  std::unique_ptr<SnapshotSpace> space_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<Generator> generator_;
};

}  // namespace m3u_proxy::jobs::testing
