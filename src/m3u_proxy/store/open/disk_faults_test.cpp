// The store on a system that fails it at one call after the other (tests/faults/faulty_system.c):
// killed, or without room on the disk. After any of these the next start finds whole transactions.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kRounds = 3;
constexpr int kDiskFull = 3;
constexpr int kOtherError = 4;
constexpr const char* kFolderVariable = "M3U_PROXY_STORE_FOLDER";

std::vector<FileEntity> file_of_round(int round) {
  const std::string end = std::to_string(round);
  return {{.kind = EntityKind::kSource, .name = "x" + end, .body = std::string(6000, 'x')},
          {.kind = EntityKind::kProxy, .name = "y" + end}};
}

Result<> work(const std::filesystem::path& folder) {
  M3U_TRY(const auto store, open_store({.data = folder, .program = "1", .now = at(0)}));
  for (int round = 1; round <= kRounds; ++round)
    M3U_CHECK(store->entities().take_over_file(file_of_round(round), at(round)));
  return {};
}

class DiskFaults : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef M3U_PROXY_SANITIZED
    GTEST_SKIP() << "a preloaded library comes before the sanitizer's";
#endif
    std::string folder = "/var/tmp/m3u-proxy-faults-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    ASSERT_EQ(std::system(fmt::format("cc -shared -fPIC -O1 -o {}/faulty.so {} -ldl",  // NOLINT
                                      folder, M3U_PROXY_FAULTY_SYSTEM)
                              .c_str()),
              0);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// Does the work in a process of its own; its wait status.
  int run(const std::string& fault) const {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("LD_PRELOAD", (folder_ / "faulty.so").c_str(), 1);
      ::setenv("FAULTY_SYSTEM", fault.c_str(), 1);
      ::setenv("FAULTY_SYSTEM_CALLS", calls().c_str(), 1);
      ::setenv(kFolderVariable, data().c_str(), 1);
      const int nowhere = ::open("/dev/null", O_RDWR);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
      ::execl("/proc/self/exe", "store_open_test", "--gtest_also_run_disabled_tests",
              "--gtest_filter=DiskFaultsWork.DISABLED_Run", nullptr);
      ::_exit(kOtherError);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }
  /// How many calls the last process made that could have failed.
  [[nodiscard]] int calls_seen() const {
    int seen = 0;
    std::ifstream(calls()) >> seen;
    return seen;
  }
  [[nodiscard]] std::filesystem::path calls() const { return folder_ / "calls"; }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  void start_anew(bool with_a_store) const {
    std::filesystem::remove_all(data());
    std::filesystem::create_directory(data());
    if (with_a_store) must(work(data()));
  }
  void expect_whole() const {
    const auto store = must(open_store({.data = data(), .program = "1", .now = at(0)}));
    ASSERT_NE(store, nullptr);
    must(store->check());
    std::vector<std::string> names;
    for (const EntityKind kind : {EntityKind::kSource, EntityKind::kProxy})
      for (const Entity& entity : must(store->entities().list(kind))) names.push_back(entity.name);
    EXPECT_THAT(names, AnyOf(IsEmpty(), ElementsAre("x1", "y1"), ElementsAre("x2", "y2"),
                             ElementsAre("x3", "y3")));
    must(store->entities().take_over_file(file_of_round(9), at(9)));
  }

  std::filesystem::path folder_;
};

TEST(DiskFaultsWork, DISABLED_Run) {
  const char* folder = std::getenv(kFolderVariable);
  ASSERT_NE(folder, nullptr);
  const Result<> done = work(folder);
  // Not _exit(): the faulty system writes down what it saw at the end.
  std::exit(done                                        ? 0  // NOLINT(concurrency-mt-unsafe)
            : done.error().code == ErrorCode::kDiskFull ? kDiskFull
                                                        : kOtherError);
}

TEST_F(DiskFaults, KillAtAnyCallLeavesWholeTransactions) {
  int killed = 0;
  for (int call = 1;; ++call) {
    start_anew(true);
    const int status = run(fmt::format("kill:{}", call));
    expect_whole();
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;
    }
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
    ++killed;
  }
  EXPECT_GT(killed, 10);
}

TEST_F(DiskFaults, KillDuringTheFirstStartLeavesWhatTheNextOneCompletes) {
  constexpr int kStep = 5;
  int killed = 0;
  for (int call = 1;; call += kStep) {
    start_anew(false);
    const int status = run(fmt::format("kill:{}", call));
    expect_whole();
    if (WIFEXITED(status)) break;
    ++killed;
  }
  EXPECT_GT(killed, 10);
}

TEST_F(DiskFaults, FullDiskAtAnyCallIsThatErrorAndChangesNothing) {
  int refused = 0;
  for (const std::string how : {"full", "full-once"}) {
    for (int call = 1;; ++call) {
      start_anew(true);
      const int status = run(fmt::format("{}:{}", how, call));
      ASSERT_TRUE(WIFEXITED(status)) << how << ' ' << call;
      EXPECT_THAT(WEXITSTATUS(status), AnyOf(0, kDiskFull)) << how << ' ' << call;
      expect_whole();
      if (WEXITSTATUS(status) == kDiskFull) ++refused;
      if (calls_seen() < call) break;
      std::filesystem::remove(calls());
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace m3u_proxy::store::testing
