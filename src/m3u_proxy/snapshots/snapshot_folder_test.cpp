#include <fstream>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::snapshots {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SnapshotFolder folder_in(const io::TestFolder& folder) {
  auto opened = SnapshotFolder::open(folder / "proxy");
  EXPECT_TRUE(opened) << opened.error().message;
  return *std::move(opened);
}

std::string content_of(const Snapshot& snapshot, std::string_view name) {
  std::string text(snapshot.manifest().find(name)->bytes, '\0');
  EXPECT_EQ(::pread(snapshot.file(name)->get(), text.data(), text.size(), 0),
            static_cast<ssize_t>(text.size()));
  return text;
}

void write(SnapshotDraft& draft, std::string_view name, std::string_view text) {
  const auto file = draft.create(name);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write(text));
}

void make(const SnapshotFolder& folder, std::string_view name, std::string_view text) {
  auto draft = folder.begin();
  ASSERT_TRUE(draft) << draft.error().message;
  write(**draft, "playlist.m3u", text);
  (*draft)->note("channels", "3");
  const auto done = (*draft)->commit(name);
  ASSERT_TRUE(done) << done.error().message;
}

std::size_t entries_in(const std::filesystem::path& path) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
}

TEST(SnapshotFolder, GivesBackWhatWasCommitted) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "#EXTM3U\n");
  EXPECT_THAT(folder.list(), ElementsAre("1"));
  const auto snapshot = folder.get("1");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(content_of(**snapshot, "playlist.m3u"), "#EXTM3U\n");
  EXPECT_EQ((*snapshot)->manifest().notes.at("channels"), "3");
  EXPECT_EQ((*snapshot)->file("guide.xml"), nullptr);
  EXPECT_EQ((*snapshot)->content_matches("playlist.m3u"), true);
}

TEST(SnapshotFolder, ADraftThatIsNotCommittedLeavesNothing) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  {
    auto draft = folder.begin();
    ASSERT_TRUE(draft);
    write(**draft, "playlist.m3u", "text");
    EXPECT_EQ(entries_in(folder.path()), 1U);
  }
  EXPECT_THAT(folder.list(), IsEmpty());
  EXPECT_EQ(entries_in(folder.path()), 0U);
}

TEST(SnapshotFolder, NamesAreNeverTakenTwice) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "first");
  auto draft = folder.begin();
  ASSERT_TRUE(draft);
  write(**draft, "playlist.m3u", "second");
  EXPECT_EQ((*draft)->commit("1").error().code, ErrorCode::kInvalidArgument);
  draft->reset();
  EXPECT_EQ(content_of(**folder.get("1"), "playlist.m3u"), "first");
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(SnapshotFolder, WhoReadsASnapshotKeepsIt) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "#EXTM3U\n");
  const auto snapshot = folder.get("1");
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(folder.remove("1"));
  ASSERT_TRUE(folder.remove("1"));
  EXPECT_THAT(folder.list(), IsEmpty());
  EXPECT_EQ(entries_in(folder.path()), 0U);
  EXPECT_EQ(content_of(**snapshot, "playlist.m3u"), "#EXTM3U\n");
  EXPECT_EQ(folder.get("1").error().code, ErrorCode::kNotFound);
}

TEST(SnapshotFolder, ASharedFileIsOnDiskOnce) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  const std::string guide(100'000, 'g');
  make(folder, "1", guide);
  const auto first = folder.get("1");
  ASSERT_TRUE(first);
  const std::uint64_t before = folder.bytes();
  auto draft = folder.begin();
  ASSERT_TRUE(draft);
  write(**draft, "playlist.m3u", guide);
  ASSERT_TRUE((*draft)->share(**first, "playlist.m3u"));
  ASSERT_TRUE((*draft)->commit("2"));
  EXPECT_LT(folder.bytes(), before + 1000);
  ASSERT_TRUE(folder.remove("1"));
  const auto second = folder.get("2");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(content_of(**second, "playlist.m3u"), guide);
  EXPECT_EQ((*second)->manifest().files, (*first)->manifest().files);
}

TEST(SnapshotFolder, TakesOverAFileWhoseHashIsKnown) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  const auto draft = folder.begin();
  ASSERT_TRUE(draft);
  std::ofstream((*draft)->folder() / "playlist.m3u") << "#EXTM3U";
  const auto adopt = [&](std::string name, std::uint64_t bytes) {
    const auto done =
        (*draft)->adopt({.name = std::move(name), .bytes = bytes, .hash = std::string(32, 'a')});
    return done ? std::nullopt : std::optional(done.error().code);
  };
  EXPECT_EQ(adopt("missing", 7), ErrorCode::kNotFound);
  EXPECT_EQ(adopt("../playlist.m3u", 7), ErrorCode::kInvalidArgument);
  EXPECT_EQ(adopt("playlist.m3u", 8), ErrorCode::kIo);
  EXPECT_EQ(adopt("playlist.m3u", 7), std::nullopt);
  EXPECT_EQ(adopt("playlist.m3u", 7), ErrorCode::kInvalidArgument);
  ASSERT_TRUE((*draft)->commit("a-1"));
  const auto snapshot = folder.get("a-1");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(content_of(**snapshot, "playlist.m3u"), "#EXTM3U");
  EXPECT_EQ((*snapshot)->manifest().find("playlist.m3u")->hash, std::string(32, 'a'));
}

TEST(SnapshotFolder, TakesOverAFileThatSomebodyElseWrote) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  auto draft = folder.begin();
  ASSERT_TRUE(draft);
  std::ofstream((*draft)->folder() / "guide.xml") << "<tv/>";
  std::string seen;
  ASSERT_TRUE((*draft)->adopt("guide.xml", [&](std::string_view piece) { seen += piece; }));
  EXPECT_EQ((*draft)->adopt("guide.xml").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ((*draft)->adopt("missing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ((*draft)->hash_of("guide.xml").size(), 32U);
  EXPECT_EQ((*draft)->hash_of("missing"), "");
  ASSERT_TRUE((*draft)->commit("a-1"));
  EXPECT_EQ(seen, "<tv/>");
  const auto snapshot = folder.get("a-1");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ((*snapshot)->content_matches("guide.xml"), true);
}

TEST(SnapshotFolder, ADamagedSnapshotIsNamed) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "#EXTM3U\n");
  std::ofstream(folder.path() / "1" / "playlist.m3u", std::ios::app) << "more";
  EXPECT_THAT(folder.get("1").error().message, HasSubstr("has 12 bytes and should have 8"));
  std::filesystem::remove(folder.path() / "1" / "playlist.m3u");
  EXPECT_THAT(folder.get("1").error().message, HasSubstr("playlist.m3u is missing"));
  std::filesystem::remove(folder.path() / "1" / "manifest");
  EXPECT_THAT(folder.get("1").error().message, HasSubstr("it has no manifest"));
}

TEST(SnapshotFolder, AnotherContentOfTheSameSizeDoesNotMatch) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "#EXTM3U\n");
  std::fstream(folder.path() / "1" / "playlist.m3u", std::ios::in | std::ios::out) << "#extm3u\n";
  EXPECT_EQ((*folder.get("1"))->content_matches("playlist.m3u"), false);
}

TEST(SnapshotFolder, OpeningRemovesWhatACrashLeft) {
  const io::TestFolder test;
  {
    folder_in(test);
  }
  // A name as a process that is gone would have given.
  std::filesystem::create_directory(test / "proxy" / ".m3u-proxy-tmp-4194303-1-1");
  const SnapshotFolder folder = folder_in(test);
  EXPECT_EQ(entries_in(folder.path()), 0U);
}

TEST(SnapshotFolder, IsForItsOwnerOnly) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  make(folder, "1", "#EXTM3U\n");
  struct stat info{};
  ASSERT_EQ(::stat(folder.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((folder.path() / "1" / "playlist.m3u").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(SnapshotFolder, NamesStayInTheFolder) {
  const io::TestFolder test;
  const SnapshotFolder folder = folder_in(test);
  auto draft = folder.begin();
  ASSERT_TRUE(draft);
  for (const std::string_view name : {"", "..", "../x", "a/b", ".hidden", "manifest", "a b"})
    EXPECT_EQ((*draft)->create(name).error().code, ErrorCode::kInvalidArgument) << name;
  for (const std::string_view name : {"", "..", "a/b", ".hidden", "a.b"})
    EXPECT_EQ((*draft)->commit(name).error().code, ErrorCode::kInvalidArgument) << name;
}

TEST(Manifest, ReadsBackWhatWasWritten) {
  const Manifest manifest{
      .files = {{"guide.xml", 12, std::string(32, 'a')}, {"playlist.m3u", 0, std::string(32, '0')}},
      .notes = {{"channels", "3"}, {"source", "a b  c"}}};
  EXPECT_EQ(*parse_manifest(to_text(manifest)), manifest);
}

TEST(Manifest, EveryFlippedOrMissingByteIsNoticed) {
  const std::string text =
      to_text({.files = {{"guide.xml", 12, std::string(32, 'a')}}, .notes = {{"a", "b"}}});
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(parse_manifest(damaged)) << at;
    EXPECT_FALSE(parse_manifest(std::string_view(text).substr(0, at))) << at;
  }
}

TEST(Manifest, ANewerFormatIsNamed) {
  const auto newer = parse_manifest("m3u-proxy snapshot 2\nend 0\n");
  ASSERT_FALSE(newer);
  EXPECT_THAT(newer.error().message, HasSubstr("has version 2"));
}

TEST(SnapshotFolder, RemovesTheFoldersOfWhatIsGone) {
  const io::TestFolder test;
  const auto id = [](std::uint8_t first) {
    Uuid made{};
    made.bytes[0] = first;
    return made;
  };
  for (const std::uint8_t first : {std::uint8_t{1}, std::uint8_t{2}})
    make(*SnapshotFolder::open(test / to_base64url(id(first))), "1", "#EXTM3U\n");
  std::filesystem::create_directory(test / "something else");
  ASSERT_TRUE(remove_folders_except(test / ".", {id(2)}));
  EXPECT_FALSE(std::filesystem::exists(test / to_base64url(id(1))));
  EXPECT_TRUE(std::filesystem::exists(test / to_base64url(id(2)) / "1"));
  EXPECT_TRUE(std::filesystem::exists(test / "something else"));
  EXPECT_TRUE(remove_folders_except(test / "not there", {}));
}

}  // namespace
}  // namespace m3u_proxy::snapshots
