#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/gzip_file.hpp>
#include <m3u_proxy/io/inflate.hpp>

namespace m3u_proxy::io {
namespace {

class GzipFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "gzip-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// What inflating the `.gz` of a file with this content gives.
  std::string round_trip(const std::string& content) {
    auto file = AtomicFile::create(folder_ / "list.m3u");
    EXPECT_TRUE(file && (*file)->write(content));
    auto compressed = write_gzip(**file, slabs_);
    EXPECT_TRUE(compressed && (*compressed)->publish());
    return inflated();
  }

  std::string inflated() {
    auto opened = open_file(folder_ / "list.m3u.gz");
    EXPECT_TRUE(opened);
    const auto source = make_inflating_source(*std::move(opened), budget_);
    std::string out;
    std::string buffer(100000, '\0');
    while (true) {
      const auto size = source->read(buffer);
      EXPECT_TRUE(size) << to_string(size.error());
      if (!size || *size == 0) return out;
      out.append(buffer, 0, *size);
    }
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  std::filesystem::path folder_;
};

TEST_F(GzipFileTest, InflatesToTheFile) {
  std::string content;
  for (int i = 0; i < 200000; ++i) content += "line " + std::to_string(i * 7919 % 1000) + "\n";
  EXPECT_EQ(round_trip(content), content);
}

TEST_F(GzipFileTest, MayBeWrittenInPiecesOfAnySize) {
  std::string content;
  auto file = GzipFile::create(folder_ / "list.m3u.gz", slabs_);
  ASSERT_TRUE(file);
  for (const std::size_t size : {0U, 1U, 70000U, 0U, 1'000'000U, 13U}) {
    std::string piece(size, 'a');
    for (std::size_t i = 0; i < size; ++i) piece[i] = static_cast<char>('a' + i * i % 23);
    ASSERT_TRUE((*file)->write(piece));
    content += piece;
  }
  const auto done = (*file)->finish();
  ASSERT_TRUE(done);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "list.m3u.gz"));
  ASSERT_TRUE((*done)->publish());
  EXPECT_EQ(inflated(), content);
}

TEST_F(GzipFileTest, AnEmptyFileIsAValidGzipFile) { EXPECT_EQ(round_trip(""), ""); }

TEST_F(GzipFileTest, SmallerThanTheFile) {
  round_trip(std::string(1000000, 'a'));
  EXPECT_LT(std::filesystem::file_size(folder_ / "list.m3u.gz"), 20000U);
}

TEST_F(GzipFileTest, AStaleCopyOfOurOwnIsRemoved) {
  EXPECT_EQ(remove_stale_gzip(folder_ / "list.m3u"), StaleCopy::kNone);
  round_trip("content");
  EXPECT_EQ(remove_stale_gzip(folder_ / "list.m3u"), StaleCopy::kRemoved);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "list.m3u.gz"));
}

TEST_F(GzipFileTest, AStaleCopyOfSomebodyElseStays) {
  for (const std::string content : {"", "text", "\x1F\x8B\x08\x08 what gzip(1) writes"}) {
    std::ofstream(folder_ / "list.m3u.gz") << content;
    EXPECT_EQ(remove_stale_gzip(folder_ / "list.m3u"), StaleCopy::kForeign) << content;
    EXPECT_TRUE(std::filesystem::exists(folder_ / "list.m3u.gz"));
  }
}

}  // namespace
}  // namespace m3u_proxy::io
