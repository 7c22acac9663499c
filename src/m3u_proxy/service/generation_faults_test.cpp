// Whole generations, from a configuration to the published files, with memory that is refused or
// taken away at any moment: the same bytes come out, or it is the error that says so and the last
// good files stay.
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::service {
namespace {

/// ./dev test --full sweeps over more and larger steps than there is time for otherwise.
bool is_long() { return std::getenv("M3U_PROXY_LONG_TESTS") != nullptr; }

/// Channels of each playlist.
int channels() { return is_long() ? 100 : 40; }

/// Reservations from one fault to the next where not each is tried: runs that publish wait for the
/// disk.
std::size_t step() { return is_long() ? 7 : 23; }

constexpr std::string_view kConfiguration = R"toml(
[proxy_memory]
max_memory_mb = "none"
batch_size = 100
memory_check_interval = 100
[[sources]]
name = "tv"
path = "tv.m3u"
[[sources]]
name = "radio"
path = "radio.m3u"
[[epg_sources]]
name = "one"
path = "one.xml"
[[epg_sources]]
name = "two"
path = "two.xml"
time_offset = "1h"
[[filters]]
name = "no sevens"
action = "exclude"
expression = 'channel_name contains "7"'
[[rules]]
name = "turn"
expression = 'channel_name matches "^(.*) ([0-9]+)$" SET channel_name = "$2 $1", attr:was = "$0"'
[[rules]]
name = "title"
applies_to = "programmes"
expression = 'programme_title contains "3" SET programme_title += " (3)"'
[[proxies]]
name = "home"
sources = ["tv", "radio"]
epg_sources = ["one", "two"]
filters = ["no sevens"]
rules = ["turn", "title"]
sort = [{ field = "group_title", order = "desc" }, { field = "channel_name", order = "asc" }]
compress = true
deduplicate_programmes = true
)toml";

std::string playlist(const std::string& name) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < channels(); ++i)
    text += fmt::format(
        "#EXTINF:-1 tvg-id=\"{0}{1}\" tvg-name=\"{0} {1}\" group-title=\"G{2}\" tvg-chno=\"{3}\" "
        "catchup=\"default\",{0} {1}\n#EXTVLCOPT:x=1\nhttp://h/{0}/{1}\n",
        name, i, i % 9, i % 50);
  return text;
}

std::string guide(const std::string& name) {
  std::string text = "<tv>\n";
  for (int i = 0; i < channels(); ++i)
    text += fmt::format("<channel id=\"{0}{1}\"><display-name>{0} {1}</display-name></channel>\n",
                        name, i);
  for (int i = 0; i < 4 * channels(); ++i)
    text += fmt::format(
        "<programme start=\"20260101{:02}0000 +0000\" stop=\"20260101{:02}3000 +0000\" "
        "channel=\"{}{}\"><title>Film {}</title><desc>What happens in it</desc></programme>\n",
        i % 24, i % 24, name, i % channels(), i);
  return text + "</tv>\n";
}

using Files = std::map<std::string, std::string>;  // content by name

class GenerationFaults : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    write("tv.m3u", playlist("tv"));
    write("radio.m3u", playlist("radio"));
    write("one.xml", guide("tv"));
    write("two.xml", guide("radio"));
    std::string text(kConfiguration);
    text += fmt::format("match = \"{}\"\n", GetParam());
    const auto loaded = config::load_configuration(
        config::ConfigDocument{.text = text, .file = "f.toml", .folder = folder_.path()}, {}, {});
    ASSERT_TRUE(loaded.problems.empty()) << to_string(loaded.problems.front());
    configuration_ = loaded.configuration;
    std::filesystem::create_directory(folder_ / "out");
    expected_ = files_of(run({}));
    ASSERT_EQ(expected_.size(), 4U);
    ASSERT_GT(expected_["home.xmltv"].size(), 10'000U);
  }

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  /// What is in the output folder, a history of earlier runs apart.
  [[nodiscard]] Files files() const {
    Files found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out")) {
      const std::string name = entry.path().filename();
      if (name == ".home.history.json") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      found[name] = text.str();
    }
    return found;
  }
  [[nodiscard]] Files files_of(const Result<generation::GenerationStats>& stats) const {
    EXPECT_TRUE(stats.has_value()) << to_string(stats.error());
    return files();
  }
  /// One generation over the last good files; `refusal` decides about each reservation.
  Result<generation::GenerationStats> run(memory::Budget::Refusal refusal) {
    std::filesystem::remove(folder_ / "out/.home.history.json");
    for (const auto& [name, text] : kLastGood) write("out/" + name, text);
    CancelToken cancel;
    M3U_TRY(const auto process,
            runtime::Process::create(runtime::process_options(configuration_, folder_ / "out")));
    runtime::RunOptions running = runtime::run_options(configuration_);
    running.threads = threads_;
    running.cancel = &cancel;
    runtime::Run run(*process, std::move(running));
    budget_ = &process->budget();
    budget_->refuse_when(std::move(refusal));
    return runtime::generate_to_files(configuration_, configuration_.proxies.front(), run,
                                      folder_ / "out");
  }
  /// Whether the run gave the right files; otherwise it has to say that memory was refused, and
  /// must have changed nothing.
  bool is_right_or_refused(const Result<generation::GenerationStats>& stats) {
    if (stats) {
      EXPECT_EQ(files(), expected_);
      return true;
    }
    EXPECT_EQ(stats.error().code, ErrorCode::kOverBudget) << to_string(stats.error());
    EXPECT_EQ(files(), kLastGood);
    return false;
  }

  struct Sweep {
    std::size_t runs = 0;
    std::size_t right = 0;
  };
  /// Runs with a fault at every `step`th reservation in turn, up to a run that does not get so far.
  /// `refuses(reservation, fault)` is asked for each reservation, both counted from 0.
  Sweep sweep(std::size_t step, const std::function<bool(std::size_t, std::size_t)>& refuses) {
    Sweep swept;
    bool reached = true;
    for (std::size_t fault = 0; reached; fault += step) {
      std::atomic<std::size_t> asked = 0;
      const auto stats = run([&](memory::Tag, Bytes) { return refuses(asked++, fault); });
      reached = asked > fault;
      ++swept.runs;
      if (is_right_or_refused(stats)) ++swept.right;
      if (!HasFailure()) continue;
      ADD_FAILURE() << "at reservation " << fault << " with " << threads_ << " threads";
      break;
    }
    return swept;
  }
  /// A limit that nothing reaches: a generation that is refused memory is tried once more.
  void limit_memory() {
    configuration_.proxy_memory.max_memory_mb = {.kind = config::MemoryLimitSetting::Kind::kFixed,
                                                 .fixed = mib(4096)};
  }

  static const Files kLastGood;
  io::TestFolder folder_;
  config::Configuration configuration_;
  Files expected_;
  std::size_t threads_ = 1;
  memory::Budget* budget_ = nullptr;  // of the run under way
};

const Files GenerationFaults::kLastGood = {{"home.m3u", "#EXTM3U\n"},
                                           {"home.m3u.gz", "old"},
                                           {"home.xmltv", "<tv></tv>\n"},
                                           {"home.xmltv.gz", "old"}};

TEST_P(GenerationFaults, AReservationThatIsRefusedIsAnErrorThatChangesNothing) {
  const Sweep swept =
      sweep(1, [](std::size_t reservation, std::size_t fault) { return reservation == fault; });
  EXPECT_GT(swept.runs, 200U);
  EXPECT_GT(swept.right, 1U);  // the last run, and those that can do without
}

TEST_P(GenerationFaults, AReservationThatIsRefusedOnceUnderALimitChangesNoByte) {
  limit_memory();
  const Sweep swept = sweep(
      step(), [](std::size_t reservation, std::size_t fault) { return reservation == fault; });
  EXPECT_GT(swept.runs, 200U / step());
  EXPECT_EQ(swept.right, swept.runs);
}

TEST_P(GenerationFaults, AnyReservationMayBeTheLastOneThatIsGranted) {
  for (const std::size_t threads : {1U, 2U}) {
    threads_ = threads;
    const Sweep swept = sweep(
        step(), [](std::size_t reservation, std::size_t fault) { return reservation >= fault; });
    EXPECT_GT(swept.runs, 200U / step());
  }
}

TEST_P(GenerationFaults, ALimitThatIsLoweredAtAnyReservationChangesNoByteOrIsAnError) {
  Sweep all;
  for (const Bytes limit : {kib(512), mib(2), mib(4), mib(6)}) {
    const Sweep swept = sweep(step(), [&](std::size_t reservation, std::size_t fault) {
      if (reservation == fault) budget_->set_limit(limit);
      return false;
    });
    all.runs += swept.runs;
    all.right += swept.right;
  }
  EXPECT_GT(all.right, 10U);
  EXPECT_GT(all.runs, all.right);
}

TEST_P(GenerationFaults, ALimitThatIsLoweredAndRaisedAgainChangesNoByte) {
  limit_memory();
  Bytes limit{};
  const Sweep swept = sweep(step(), [&](std::size_t reservation, std::size_t fault) {
    if (reservation == 0) limit = budget_->limit();
    if (reservation == fault) budget_->set_limit(mib(1));
    if (reservation == fault + 2) budget_->set_limit(limit);
    return false;
  });
  EXPECT_GT(swept.runs, 200U / step());
  EXPECT_EQ(swept.right, swept.runs);
}

INSTANTIATE_TEST_SUITE_P(Match, GenerationFaults, testing::Values("id", "name"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace m3u_proxy::service
