// The cache of compiled modules: what is in it is run as it is, so nothing but what we wrote may
// be.
#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/plugin_host/module_cache.hpp>
#include <m3u_proxy/plugin_host/plugin_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using std::filesystem::perms;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ModuleCache : public testing::Test {
 protected:
  void SetUp() override {
    log::set_writer([this](std::string_view line) { lines_.emplace_back(line); });
    write_file(wasm_, TestModule{}.text());
  }
  void TearDown() override { log::set_writer({}); }
  [[nodiscard]] LoadedModule load() const {
    auto loaded = load_module(wasm_, options_);
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_TRUE(!loaded || loaded->module != nullptr);
    return loaded ? *std::move(loaded) : LoadedModule{};
  }
  [[nodiscard]] std::vector<std::filesystem::path> cached() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(options_.cache))
      files.push_back(entry.path());
    return files;
  }
  /// A damaged copy is never run: the module is compiled again, which is said.
  void expect_compiled_again(std::string_view why) {
    lines_.clear();
    EXPECT_FALSE(load().was_cached);
    EXPECT_THAT(lines_, ElementsAre(HasSubstr(why)));
    EXPECT_TRUE(load().was_cached);
    EXPECT_THAT(lines_, SizeIs(1));
  }

  io::TestFolder folder_;
  std::filesystem::path wasm_ = folder_ / "test.wat";
  CompileOptions options_{.cache = folder_ / "cache"};
  std::vector<std::string> lines_;
};

TEST_F(ModuleCache, AModuleIsCompiledOnceForEachContent) {
  const LoadedModule first = load();
  EXPECT_FALSE(first.was_cached);
  const LoadedModule second = load();
  EXPECT_TRUE(second.was_cached);
  EXPECT_EQ(second.content_key, first.content_key);
  write_file(wasm_, TestModule{.version = "2"}.text());
  const LoadedModule other = load();
  EXPECT_FALSE(other.was_cached);
  EXPECT_NE(other.content_key, first.content_key);
  EXPECT_THAT(cached(), SizeIs(2));
}

TEST_F(ModuleCache, WhatIsInItIsOurs) {
  ASSERT_FALSE(load().was_cached);
  ASSERT_THAT(cached(), SizeIs(1));
  EXPECT_EQ(std::filesystem::status(cached()[0]).permissions(),
            perms::owner_read | perms::owner_write);
  EXPECT_EQ(std::filesystem::status(options_.cache).permissions(), perms::owner_all);
}

TEST_F(ModuleCache, ACopyWithOneOtherByteIsCompiledAgain) {
  ASSERT_FALSE(load().was_cached);
  const std::string good = read_file(cached()[0]);
  for (const std::size_t at :
       {std::size_t{0}, good.size() / 3, good.size() / 2, good.size() - 20, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file(cached()[0], bad);
    expect_compiled_again("it is damaged; compiled again");
  }
}

TEST_F(ModuleCache, ACopyThatIsCutOrEmptyOrSomethingElseIsCompiledAgain) {
  ASSERT_FALSE(load().was_cached);
  const std::string good = read_file(cached()[0]);
  for (const std::string& bad :
       {std::string(), std::string("x"), good.substr(0, good.size() / 2),
        good.substr(0, good.size() - 1), good + "x", std::string(good.size(), '\0')}) {
    write_file(cached()[0], bad);
    expect_compiled_again("it is damaged; compiled again");
  }
}

TEST_F(ModuleCache, ACopyThatOthersCouldHaveWrittenIsNotRun) {
  ASSERT_FALSE(load().was_cached);
  std::filesystem::permissions(cached()[0], perms::group_write, std::filesystem::perm_options::add);
  expect_compiled_again("can be written by others, so its code is not run; compiled again");
  std::filesystem::permissions(cached()[0], perms::others_write,
                               std::filesystem::perm_options::add);
  expect_compiled_again("can be written by others, so its code is not run; compiled again");
}

TEST_F(ModuleCache, WithoutAPlaceForItAModuleIsCompiledForThisRun) {
  options_.cache = wasm_ / "cache";
  EXPECT_FALSE(load().was_cached);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("compiled for this run only")));
}

TEST_F(ModuleCache, SeveralMayCompileTheSameAtOnce) {
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { EXPECT_NE(load().module, nullptr); });
  threads.clear();
  EXPECT_THAT(cached(), SizeIs(1));
  EXPECT_THAT(lines_, SizeIs(0));
  EXPECT_TRUE(load().was_cached);
}

TEST_F(ModuleCache, AModuleThatDoesNotCompileIsNamedAndLeavesNothing) {
  write_file(wasm_, "(module (func (unknown)))");
  const auto loaded = load_module(wasm_, options_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kPlugin);
  EXPECT_EQ(loaded.error().where.source, wasm_.string());
  EXPECT_THAT(cached(), SizeIs(0));
}

TEST_F(ModuleCache, AModuleThatIsMissingOrTooLargeIsRefused) {
  std::filesystem::resize_file(wasm_, (std::uintmax_t{64} << 20U) + 1);
  const auto large = load_module(wasm_, options_);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kPlugin);
  std::filesystem::remove(wasm_);
  const auto missing = load_module(wasm_, options_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
