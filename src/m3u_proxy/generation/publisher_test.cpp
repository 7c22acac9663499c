#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::generation {
namespace {

class PublisherTest : public testing::Test {
 protected:
  [[nodiscard]] OutputPaths paths() const {
    return {.playlist = folder_ / "p.m3u", .guide = folder_ / "p.xmltv"};
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  static void write(Publisher& publisher, OutputFile file, std::string_view text) {
    const auto sink = publisher.sink(file);
    ASSERT_TRUE(sink) << to_string(sink.error());
    ASSERT_TRUE((*sink)->write(text));
  }
  [[nodiscard]] std::size_t files() const {
    const std::filesystem::directory_iterator all(folder_.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  Publication publication(bool compress = false) {
    return {.compress = compress, .has_epg_sources = true, .slabs = &slabs_, .cancel = &cancel_};
  }

  io::TestFolder folder_;
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  CancelToken cancel_;
};

TEST_F(PublisherTest, NothingIsThereBeforeTheCommitAndAllAfterIt) {
  FilePublisher publisher(paths());
  ASSERT_TRUE(publisher.begin());
  write(publisher, OutputFile::kPlaylist, "list");
  write(publisher, OutputFile::kGuide, "guide");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "p.m3u"));
  ASSERT_TRUE(publisher.commit(publication()));
  EXPECT_EQ(read("p.m3u"), "list");
  EXPECT_EQ(read("p.xmltv"), "guide");
  EXPECT_EQ(files(), 2U);
}

TEST_F(PublisherTest, ADroppedFileLeavesTheLastOne) {
  std::ofstream(folder_ / "p.xmltv") << "last";
  FilePublisher publisher(paths());
  write(publisher, OutputFile::kPlaylist, "list");
  write(publisher, OutputFile::kGuide, "half");
  publisher.drop(OutputFile::kGuide);
  ASSERT_TRUE(publisher.commit(publication(true)));
  EXPECT_EQ(read("p.xmltv"), "last");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "p.m3u.gz"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "p.xmltv.gz"));
}

TEST_F(PublisherTest, BeginningAnewForgetsWhatWasWritten) {
  FilePublisher publisher(paths());
  write(publisher, OutputFile::kGuide, "of a try that failed");
  ASSERT_TRUE(publisher.begin());
  EXPECT_EQ(files(), 0U);
  write(publisher, OutputFile::kPlaylist, "list");
  ASSERT_TRUE(publisher.commit(publication()));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "p.xmltv"));
}

TEST_F(PublisherTest, ACancelledCommitReplacesNothing) {
  std::ofstream(folder_ / "p.m3u") << "last";
  FilePublisher publisher(paths());
  write(publisher, OutputFile::kPlaylist, "list");
  cancel_.cancel();
  EXPECT_EQ(publisher.commit(publication()).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(read("p.m3u"), "last");
}

TEST_F(PublisherTest, InMemoryNothingIsLeftInTheFolderAndTheTextIsReserved) {
  MemoryPublisher publisher(folder_.path(), "p", budget_);
  write(publisher, OutputFile::kPlaylist, "list");
  ASSERT_TRUE(publisher.commit(publication(true)));
  EXPECT_EQ(publisher.text(OutputFile::kPlaylist).view(), "list");
  EXPECT_EQ(publisher.text(OutputFile::kGuide).view(), "");
  EXPECT_EQ(files(), 0U);
  EXPECT_GT(budget_.used(memory::Tag::kOutput), Bytes{});
}

TEST_F(PublisherTest, ATextThatDoesNotFitIsRefused) {
  MemoryPublisher publisher(folder_.path(), "p", budget_);
  write(publisher, OutputFile::kPlaylist, std::string(100'000, 'x'));
  budget_.set_limit(kib(4));
  const auto refused = publisher.commit(publication());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
}

}  // namespace
}  // namespace m3u_proxy::generation
