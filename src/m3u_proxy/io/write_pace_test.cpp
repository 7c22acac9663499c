#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/io/write_pace.hpp>

namespace m3u_proxy::io {
namespace {

class WritePaceTest : public ::testing::Test {
 protected:
  WritePaceTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~WritePaceTest() override {
    WritePace::set_unlimited();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("write_pace_" + std::to_string(::getpid()));
};

/// Not of a page's size, and other bytes in each place.
std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(WritePaceTest, HasALeastAndNoLimitAtFirst) {
  EXPECT_GT(WritePace::most(), mib(1 << 20));
  WritePace::set_most({1});
  EXPECT_EQ(WritePace::most(), WritePace::kLeast);
  WritePace::set_most(mib(3));
  EXPECT_EQ(WritePace::most(), mib(3));
  WritePace::set_unlimited();
  EXPECT_GT(WritePace::most(), mib(1 << 20));
}

TEST_F(WritePaceTest, FilesHaveTheSameBytesWithIt) {
  const std::string text = text_of((std::size_t{3} << 20U) + 12345);
  const std::string_view all = text;
  constexpr std::size_t kPiece = 77'777;
  WritePace::set_most({});
  auto temporary_folder = TempFolder::create(folder_);
  auto temporary = (*temporary_folder)->create_file();
  auto file = AtomicFile::create(folder_ / "out");
  for (int round = 0; round < 2; ++round) {
    for (std::size_t at = 0; at < all.size(); at += kPiece) {
      ASSERT_TRUE((*temporary)->write(all.substr(at, kPiece)));
      ASSERT_TRUE((*file)->write(all.substr(at, kPiece)));
    }
    if (round != 0) break;
    ASSERT_TRUE((*temporary)->clear());
    ASSERT_TRUE((*file)->clear());
  }
  ASSERT_TRUE((*file)->append_from((*temporary)->descriptor(), 0, (*temporary)->size()));
  EXPECT_EQ((*file)->written(), 2 * text.size());
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(read("out"), text + text);
}

TEST_F(WritePaceTest, WhatCannotBeSyncedIsWrittenAllTheSame) {
  WritePace::set_most({});
  const Descriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  WritePace pace(WritePace::Fate::kKept);
  for (std::uint64_t size = 0; size < mib(4).count; size += 100'000)
    EXPECT_EQ(pace.wrote(null.get(), size), 0);
}

}  // namespace
}  // namespace m3u_proxy::io
