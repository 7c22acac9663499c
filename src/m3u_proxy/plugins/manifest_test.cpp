#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kLeast =
    "[plugin]\nname = \"tagger\"\nversion = \"1.0.0\"\nabi = 1\n"
    "[capabilities]\nstages = [\"data_mapping\"]\n";

Manifest parsed(std::string_view text) {
  auto manifest = parse_manifest(text, "plugins/tagger.toml");
  EXPECT_TRUE(manifest.has_value()) << to_string(manifest.error());
  return manifest ? *std::move(manifest) : Manifest{};
}

/// What is said about `text`.
std::string refusal(std::string_view text) {
  const auto manifest = parse_manifest(text, "t.toml");
  if (manifest) return "no error";
  EXPECT_EQ(manifest.error().code, ErrorCode::kConfig);
  return to_string(manifest.error());
}

/// The least manifest with `line` in place of the one that begins with the same key.
std::string with(std::string_view line) {
  const std::string_view key = line.substr(0, line.find(' '));
  std::string text(kLeast);
  const std::size_t at = text.find(std::string(key) + " =");
  text.replace(at, text.find('\n', at) - at, line);
  return text;
}

std::string with_capability(std::string_view stage, std::string_view line) {
  std::string text = with("stages = [\"" + std::string(stage) + "\"]");
  return text.append(line) + '\n';
}

TEST(Manifest, SaysWhatThePluginIs) {
  const Manifest manifest = parsed(
      "[plugin]\nname = \"sports-tagger\"\nversion = \"1.2.0\"\nwasm = \"build/s.wasm\"\nabi = 1\n"
      "[capabilities]\nstages = [\"data_mapping\", \"filtering\"]\nposition = \"instead\"\n"
      "parallel = true\nequivalent_to = \"native\"\non_failure = \"native\"\n"
      "[permissions]\nneeds = [\"log\", \"clock\"]\n"
      "[config]\ngroup = \"Sports\"\n");
  EXPECT_EQ(manifest.name, "sports-tagger");
  EXPECT_EQ(manifest.version, "1.2.0");
  EXPECT_EQ(manifest.file, "plugins/tagger.toml");
  EXPECT_EQ(manifest.wasm, "plugins/build/s.wasm");
  EXPECT_THAT(manifest.stages, ElementsAre(PluginStage::kDataMapping, PluginStage::kFiltering));
  EXPECT_EQ(manifest.position, Position::kInstead);
  EXPECT_TRUE(manifest.parallel);
  EXPECT_TRUE(manifest.equivalent_to_native);
  EXPECT_EQ(manifest.on_failure, OnFailure::kNative);
  EXPECT_TRUE(manifest.needs.has(Permission::kLog));
  EXPECT_TRUE(manifest.needs.has(Permission::kClock));
  EXPECT_FALSE(manifest.needs.has(Permission::kRandom));
  EXPECT_EQ(manifest.config_json, R"({"group":"Sports"})");
}

TEST(Manifest, HasDefaultsForAllButNameVersionAbiAndStages) {
  const Manifest manifest = parsed(kLeast);
  EXPECT_EQ(manifest.wasm, "plugins/tagger.wasm");
  EXPECT_EQ(manifest.position, Position::kAfter);
  EXPECT_FALSE(manifest.parallel);
  EXPECT_FALSE(manifest.equivalent_to_native);
  EXPECT_EQ(manifest.on_failure, std::nullopt);
  EXPECT_EQ(manifest.needs, Permissions{});
  EXPECT_EQ(manifest.config_json, "{}");
}

TEST(Manifest, LoadsSourcesInsteadOfTheNativeReader) {
  EXPECT_EQ(parsed(with_capability("source_loading", "")).position, Position::kInstead);
}

TEST(Manifest, GivesItsConfigurationAsJsonInTheOrderOfTheFile) {
  const Manifest manifest = parsed(std::string(kLeast) +
                                   "[config]\nz = 1\na = [1.5, true, \"x\\n\\u00e9\"]\n"
                                   "when = 2026-01-02\n[config.nested]\nempty = {}\n");
  EXPECT_EQ(manifest.config_json,
            "{\"z\":1,\"a\":[1.5,true,\"x\\n\xC3\xA9\"],\"when\":\"2026-01-02\","
            "\"nested\":{\"empty\":{}}}");
}

TEST(Manifest, RefusesNumbersThatJsonCannotSay) {
  EXPECT_THAT(refusal(std::string(kLeast) + "[config]\nx = [1.0, inf]\n"),
              HasSubstr("t.toml:8:11: JSON"));
  EXPECT_THAT(refusal(std::string(kLeast) + "[config]\nx = nan\n"), HasSubstr("no nan"));
}

TEST(Manifest, NamesPlaceAndNearestWordOfAnUnknownKey) {
  EXPECT_EQ(refusal(std::string(kLeast) + "paralel = true\n"),
            "t.toml:7:1: capabilities.paralel is not a key (did you mean \"parallel\"?)");
  EXPECT_EQ(refusal(std::string(kLeast) + "[permission]\nneeds = []\n"),
            "t.toml:7:2: [permission] is not a section (did you mean \"permissions\"?)");
  EXPECT_THAT(refusal("[plugin]\nauthor = \"x\"\n"), HasSubstr("known here: name, version"));
}

TEST(Manifest, NamesWhatIsMissing) {
  EXPECT_THAT(refusal(""), HasSubstr("plugin.name is missing"));
  EXPECT_THAT(refusal("[plugin]\nname = \"a\"\n"), HasSubstr("plugin.version is missing"));
  EXPECT_THAT(refusal("[plugin]\nname = \"a\"\nversion = \"1\"\n"),
              HasSubstr("plugin.abi is missing"));
  EXPECT_THAT(refusal("[plugin]\nname = \"a\"\nversion = \"1\"\nabi = 1\n"),
              HasSubstr("capabilities.stages is missing"));
  EXPECT_THAT(refusal(with("stages = []")), HasSubstr("capabilities.stages is missing"));
}

TEST(Manifest, RefusesWrongTypes) {
  EXPECT_EQ(refusal("plugin = 1\n"), "t.toml:1:1: plugin is not a table (write it as [plugin])");
  EXPECT_THAT(refusal("config = [1]\n" + std::string(kLeast)), HasSubstr("config is not a table"));
  EXPECT_THAT(refusal(with("name = 7")), HasSubstr("plugin.name is not a text"));
  EXPECT_THAT(refusal(with("version = 1.0")), HasSubstr("plugin.version is not a text"));
  EXPECT_THAT(refusal(with("stages = \"epg\"")), HasSubstr("capabilities.stages is not a list"));
  EXPECT_THAT(refusal(with("stages = [3]")), HasSubstr("something else than text"));
  EXPECT_THAT(refusal(std::string(kLeast) + "parallel = \"yes\"\n"),
              HasSubstr("capabilities.parallel is not true or false"));
  EXPECT_THAT(refusal(std::string(kLeast) + "position = 1\n"),
              HasSubstr("capabilities.position is not a text"));
  EXPECT_THAT(refusal(std::string(kLeast) + "[permissions]\nneeds = { log = true }\n"),
              HasSubstr("permissions.needs is not a list"));
}

TEST(Manifest, NamesTheKnownWordsOfStagesPositionsAndPermissions) {
  EXPECT_THAT(refusal(with("stages = [\"data_maping\"]")),
              HasSubstr("\"data_maping\" is not known (did you mean \"data_mapping\"?)"));
  EXPECT_THAT(refusal(std::string(kLeast) + "position = \"around\"\n"),
              HasSubstr("known here: instead, before, after"));
  EXPECT_THAT(refusal(std::string(kLeast) + "[permissions]\nneeds = [\"network\"]\n"),
              HasSubstr("permissions.needs: \"network\" is not known"));
  EXPECT_THAT(refusal(std::string(kLeast) + "on_failure = \"ignore\"\n"),
              HasSubstr("known here: fail, native"));
  EXPECT_THAT(refusal(std::string(kLeast) + "equivalent_to = \"other\"\n"),
              HasSubstr("known here: native"));
}

TEST(Manifest, TakesEachWordOfAListOnce) {
  EXPECT_THAT(refusal(with("stages = [\"epg\", \"epg\"]")), HasSubstr("lists \"epg\" twice"));
  EXPECT_THAT(refusal(std::string(kLeast) + "[permissions]\nneeds = [\"log\", \"log\"]\n"),
              HasSubstr("permissions.needs lists \"log\" twice"));
}

TEST(Manifest, KnowsWhichPositionsAStageHas) {
  EXPECT_EQ(refusal(with_capability("source_loading", "position = \"before\"")),
            "t.toml:7:12: capabilities.position: \"before\" does not go with stage "
            "\"source_loading\" (that stage has \"instead\"; stages that differ need a manifest "
            "each)");
  EXPECT_THAT(refusal(with_capability("epg", "position = \"instead\"")),
              HasSubstr("stage \"epg\""));
  EXPECT_THAT(refusal(with_capability("m3u_generation", "position = \"before\"")),
              HasSubstr("that stage has \"after\""));
  EXPECT_THAT(refusal(with("stages = [\"source_loading\", \"epg\"]")),
              HasSubstr("\"instead\" does not go with stage \"epg\""));
  EXPECT_EQ(parsed(with_capability("filtering", "position = \"before\"")).position,
            Position::kBefore);
}

TEST(Manifest, ReadsASourceInOneInstance) {
  EXPECT_THAT(refusal(with_capability("source_loading", "parallel = true")),
              HasSubstr("capabilities.parallel does not go with stage \"source_loading\""));
}

TEST(Manifest, IsEquivalentOnlyInTheNativeStrategysPlace) {
  EXPECT_THAT(refusal(std::string(kLeast) + "equivalent_to = \"native\"\n"),
              HasSubstr("needs position = \"instead\""));
}

TEST(Manifest, RefusesNamesThatCouldBePathsOrTables) {
  for (const std::string_view name : {"", "a b", "a.b", "../a", "a/b", "\\u00e9"})
    EXPECT_THAT(refusal(with("name = \"" + std::string(name) + "\"")),
                HasSubstr("plugin.name can't be"))
        << name;
  EXPECT_THAT(refusal(with("name = \"" + std::string(65, 'a') + "\"")), HasSubstr("can't be"));
  EXPECT_EQ(parsed(with("name = \"A-z_9\"")).name, "A-z_9");
}

TEST(Manifest, RefusesWhatIsNoVersion) {
  EXPECT_THAT(refusal(with("version = \"\"")), HasSubstr("plugin.version is not a version"));
  EXPECT_THAT(refusal(with("version = \"1 0\"")), HasSubstr("plugin.version is not a version"));
}

TEST(Manifest, SpeaksAbiOneOnly) {
  EXPECT_THAT(refusal(with("abi = 2")), HasSubstr("it speaks abi = 1"));
  EXPECT_THAT(refusal(with("abi = \"1\"")), HasSubstr("it speaks abi = 1"));
}

TEST(Manifest, KeepsTheModuleInItsFolder) {
  const auto with_module = [](std::string_view path) {
    return with("abi = 1\nwasm = \"" + std::string(path) + "\"");
  };
  for (const std::string_view path : {"../a.wasm", "/etc/a.wasm", "x/../../a.wasm", ".."})
    EXPECT_THAT(refusal(with_module(path)), HasSubstr("leads out of the manifest's folder"))
        << path;
  for (const std::string_view path : {"", "x/", "a\\u0000.wasm"})
    EXPECT_THAT(refusal(with_module(path)), HasSubstr("does not name a file")) << path;
  EXPECT_EQ(parsed(with_module("x/../a.wasm")).wasm, "plugins/a.wasm");
}

TEST(Manifest, RefusesWhatIsNotTomlAndWhatIsTooLarge) {
  EXPECT_THAT(refusal("[plugin\n"), HasSubstr("not valid TOML"));
  EXPECT_THAT(refusal(std::string(65537, '#')), HasSubstr("larger than 64 KB"));
}

class ManifestFile : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  io::TestFolder folder_;
};

TEST_F(ManifestFile, StandsBesideItsModule) {
  write("tagger.toml", kLeast);
  const auto manifest = read_manifest(folder_.path() / "tagger.wasm");
  ASSERT_TRUE(manifest.has_value()) << to_string(manifest.error());
  EXPECT_EQ(manifest->file, folder_.path() / "tagger.toml");
  EXPECT_EQ(manifest->wasm, folder_.path() / "tagger.wasm");
}

TEST_F(ManifestFile, OfAnotherModuleIsRefused) {
  write("a.toml", with("abi = 1\nwasm = \"b.wasm\""));
  const auto manifest = read_manifest(folder_.path() / "a.wasm");
  ASSERT_FALSE(manifest.has_value());
  EXPECT_THAT(to_string(manifest.error()), HasSubstr("is the manifest of"));
}

TEST_F(ManifestFile, ThatIsMissingIsNamed) {
  const auto missing = read_manifest(folder_.path() / "none.wasm");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(to_string(missing.error()), HasSubstr("none.toml"));
  const auto folder = read_manifest(folder_.path());
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error().code, ErrorCode::kIo);
}

TEST_F(ManifestFile, IsReadUpTo64Kb) {
  write("large.toml", std::string(70000, '#'));
  const auto manifest = read_manifest(folder_.path() / "large.toml");
  ASSERT_FALSE(manifest.has_value());
  EXPECT_THAT(to_string(manifest.error()), HasSubstr("larger than 64 KB"));
}

TEST_F(ManifestFile, AreAllTomlFilesOfAFolderByName) {
  for (const char* name : {"b.toml", "a.toml", "a.wasm", "README.md"}) write(name, "");
  const auto files = find_manifests(folder_.path());
  ASSERT_TRUE(files.has_value());
  EXPECT_THAT(*files, ElementsAre(folder_ / "a.toml", folder_ / "b.toml"));
  EXPECT_EQ(find_manifests(folder_ / "none").error().code, ErrorCode::kNotFound);
}

TEST(DefaultPermissions, AreAllButTimeAndChance) {
  EXPECT_TRUE(default_permissions().has(Permission::kLog));
  EXPECT_TRUE(default_permissions().has(Permission::kTempFiles));
  EXPECT_TRUE(default_permissions().has(Permission::kGetConfig));
  EXPECT_FALSE(default_permissions().has(Permission::kClock));
  EXPECT_FALSE(default_permissions().has(Permission::kRandom));
}

TEST(MergeConfig, PutsTheOperatorsMembersInPlaceOfThePlugins) {
  EXPECT_EQ(*merge_config(R"({"a":1,"b":{"x":1}})", R"({"b":{"y":2},"c":3})"),
            R"({"a":1,"b":{"y":2},"c":3})");
  EXPECT_EQ(*merge_config("{}", ""), "{}");
}

TEST(MergeConfig, TakesObjectsOnly) {
  for (const std::string_view bad : {"[1]", "1", "{", "null"}) {
    EXPECT_EQ(merge_config("{}", bad).error().code, ErrorCode::kConfig) << bad;
    EXPECT_FALSE(merge_config(bad, "{}").has_value()) << bad;
  }
}

}  // namespace
}  // namespace m3u_proxy::plugins
