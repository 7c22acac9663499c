#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/jobs/snapshot_publisher.hpp>

namespace m3u_proxy::jobs {
namespace {

using generation::OutputFile;

class SnapshotPublisherTest : public testing::Test {
 protected:
  SnapshotPublisherTest()
      : folder_(*snapshots::SnapshotFolder::open(test_ / "proxy")), draft_(*folder_.begin()) {}

  static void write(SnapshotPublisher& publisher, OutputFile file,
                    std::initializer_list<std::string_view> pieces) {
    const auto sink = publisher.sink(file);
    ASSERT_TRUE(sink) << sink.error().message;
    for (const std::string_view piece : pieces) ASSERT_TRUE((*sink)->write(piece));
  }

  io::TestFolder test_;
  snapshots::SnapshotFolder folder_;
  std::unique_ptr<snapshots::SnapshotDraft> draft_;
  snapshots::Placeholders placeholders_ = snapshots::Placeholders::of_installation("0123");
};

TEST_F(SnapshotPublisherTest, KnowsOfThePlaylistWhatReadingItAgainWouldTell) {
  SnapshotPublisher publisher(*draft_, nullptr, std::nullopt, "guide.xml", &placeholders_);
  ASSERT_TRUE(publisher.begin());
  write(publisher, OutputFile::kPlaylist, {"#EXTM3U\n", placeholders_.base, "/a failed attempt"});
  ASSERT_TRUE(publisher.begin());
  // A placeholder in two pieces, and a guide that is none of the playlist.
  const std::string& base = placeholders_.base;
  write(publisher, OutputFile::kPlaylist,
        {"#EXTM3U\n", base.substr(0, 5), base.substr(5), "/stream/", placeholders_.token, "/1\n"});
  write(publisher, OutputFile::kGuide, {"<tv/>", placeholders_.base});
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  ASSERT_TRUE(publisher.commit({.slabs = &slabs}));
  const std::string text = "#EXTM3U\n" + base + "/stream/" + placeholders_.token + "/1\n";
  std::ifstream file(draft_->folder() / snapshots::kPlaylistFile);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
  snapshots::ContentHash hash;
  hash.add(text);
  const snapshots::SnapshotFile playlist = publisher.playlist();
  EXPECT_EQ(playlist.name, snapshots::kPlaylistFile);
  EXPECT_EQ(playlist.bytes, text.size());
  EXPECT_EQ(playlist.hash, hash.text());
  EXPECT_THAT(publisher.playlist_places(),
              testing::ElementsAre(snapshots::PlaceCount{.bases = 1, .tokens = 1}));
  EXPECT_TRUE(draft_->adopt(playlist));
}

}  // namespace
}  // namespace m3u_proxy::jobs
