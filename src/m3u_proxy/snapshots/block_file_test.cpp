#include <cstring>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kContent = 7;
constexpr std::uint32_t kNames = 1;
constexpr std::uint32_t kFrames = 2;

class StringSink final : public io::ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

io::Descriptor file_of(const io::TestFolder& folder, std::string_view bytes) {
  const std::filesystem::path path = folder / "blocks";
  io::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  EXPECT_TRUE(io::write_all(file.get(), bytes, "test"));
  return file;
}

/// Ten blocks of names, 100 items each, with blocks of frames between them.
std::string example(memory::Budget& budget) {
  StringSink sink;
  BlockWriter writer(sink, budget, kContent);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::string text(1000, static_cast<char>('a' + i));
    EXPECT_TRUE(writer.append(kNames, i * 100, 100, text));
    EXPECT_TRUE(writer.append(kFrames, i * 50, 50, "frame"));
  }
  EXPECT_TRUE(writer.finish());
  return sink.text;
}

Result<std::unique_ptr<BlockReader>> open(const io::TestFolder& folder, std::string_view bytes,
                                          memory::Budget& budget,
                                          std::uint32_t content = kContent) {
  return BlockReader::open(file_of(folder, bytes), "blocks", budget, content);
}

TEST(BlockFile, ReadsBackWhatWasWritten) {
  const io::TestFolder folder;
  memory::Budget budget;
  const auto reader = open(folder, example(budget), budget);
  ASSERT_TRUE(reader) << reader.error().message;
  ASSERT_EQ((*reader)->blocks().size(), 20U);
  BlockBuffer buffer(budget);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto names = (*reader)->read(2 * i, buffer);
    ASSERT_TRUE(names);
    EXPECT_EQ(std::string(names->begin(), names->end()),
              std::string(1000, static_cast<char>('a' + i)));
    const auto frame = (*reader)->read(2 * i + 1, buffer);
    ASSERT_TRUE(frame);
    EXPECT_EQ(std::string(frame->begin(), frame->end()), "frame");
  }
}

TEST(BlockFile, PacksWhatGetsSmaller) {
  const io::TestFolder folder;
  memory::Budget budget;
  const auto reader = open(folder, example(budget), budget);
  ASSERT_TRUE(reader);
  EXPECT_LT((*reader)->blocks()[0].stored, 100U);
  EXPECT_EQ((*reader)->blocks()[0].size, 1000U);
  EXPECT_EQ((*reader)->blocks()[1].stored, 5U);
}

TEST(BlockFile, FindsTheBlockOfAnItemByKind) {
  const io::TestFolder folder;
  memory::Budget budget;
  const auto reader = open(folder, example(budget), budget);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->find(kNames, 0), 0U);
  EXPECT_EQ((*reader)->find(kNames, 99), 0U);
  EXPECT_EQ((*reader)->find(kNames, 100), 2U);
  EXPECT_EQ((*reader)->find(kFrames, 100), 5U);
  EXPECT_EQ((*reader)->find(kFrames, 499), 19U);
  EXPECT_EQ((*reader)->find(kFrames, 500), std::nullopt);
  EXPECT_EQ((*reader)->find(3, 0), std::nullopt);
}

TEST(BlockFile, AnEmptyOneHasNoBlocks) {
  const io::TestFolder folder;
  memory::Budget budget;
  StringSink sink;
  ASSERT_TRUE(BlockWriter(sink, budget, kContent).finish());
  const auto reader = open(folder, sink.text, budget);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE((*reader)->blocks().empty());
  EXPECT_EQ((*reader)->find(kNames, 0), std::nullopt);
}

TEST(BlockFile, ABlockOfNothingIsABlock) {
  const io::TestFolder folder;
  memory::Budget budget;
  StringSink sink;
  BlockWriter writer(sink, budget, kContent);
  ASSERT_TRUE(writer.append(kNames, 0, 0, {}));
  ASSERT_TRUE(writer.finish());
  const auto reader = open(folder, sink.text, budget);
  ASSERT_TRUE(reader) << reader.error().message;
  BlockBuffer buffer(budget);
  EXPECT_TRUE((*reader)->read(0, buffer)->empty());
}

TEST(BlockFile, ACutIsNoticedWhereverItIs) {
  const io::TestFolder folder;
  memory::Budget budget;
  const std::string whole = example(budget);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    EXPECT_FALSE(open(folder, std::string_view(whole).substr(0, size), budget)) << size;
}

TEST(BlockFile, AFlippedByteIsNoticedWhereverItIs) {
  const io::TestFolder folder;
  memory::Budget budget;
  const std::string whole = example(budget);
  BlockBuffer buffer(budget);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const auto reader = open(folder, damaged, budget);
    bool noticed = !reader;
    for (std::size_t i = 0; !noticed && i < (*reader)->blocks().size(); ++i)
      noticed = !(*reader)->read(i, buffer);
    EXPECT_TRUE(noticed) << "byte " << at;
  }
}

TEST(BlockFile, AnotherVersionOrContentIsNamed) {
  const io::TestFolder folder;
  memory::Budget budget;
  std::string newer = example(budget);
  const std::uint32_t version = 2;
  std::memcpy(newer.data() + 8, &version, sizeof(version));
  EXPECT_THAT(open(folder, newer, budget).error().message, HasSubstr("has version 2"));
  EXPECT_THAT(open(folder, newer, budget).error().hint, HasSubstr("newer program"));
  EXPECT_THAT(open(folder, example(budget), budget, 8).error().message,
              HasSubstr("about something else"));
}

TEST(BlockFile, NothingIsAllocatedThatTheBudgetDoesNotAllow) {
  const io::TestFolder folder;
  memory::Budget unlimited;
  StringSink sink;
  BlockWriter writer(sink, unlimited, kContent);
  ASSERT_TRUE(writer.append(kNames, 0, 1, std::string(1 << 20, 'x')));
  ASSERT_TRUE(writer.finish());
  memory::Budget budget(kib(256));
  const auto reader = open(folder, sink.text, budget);
  ASSERT_TRUE(reader);
  BlockBuffer buffer(budget);
  const auto block = (*reader)->read(0, buffer);
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kOverBudget);
}

TEST(BlockFile, TooLargeABlockIsRefused) {
  memory::Budget budget;
  StringSink sink;
  BlockWriter writer(sink, budget, kContent);
  EXPECT_EQ(writer.append(kNames, 0, 1, std::string(kMostBlockBytes + 1, 'x')).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace m3u_proxy::snapshots
