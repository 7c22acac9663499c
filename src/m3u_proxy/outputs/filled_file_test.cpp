#include <random>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/outputs/filled_file.hpp>

namespace m3u_proxy::outputs {
namespace {

const Placeholders kPlaces = Placeholders::of_installation("0123456789abcdef0123456789abcdef");

std::string replaced(std::string text, const Placeholders& values) {
  for (const auto& [from, to] :
       {std::pair(kPlaces.base, values.base), std::pair(kPlaces.token, values.token)})
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  return text;
}

std::vector<PlaceCount> counts_of(std::string_view text, std::size_t piece) {
  snapshots::PlaceCounter counter(kPlaces);
  for (std::size_t at = 0; at < text.size(); at += piece) counter.add(text.substr(at, piece));
  return counter.finish();
}

std::string sent(const io::TestFolder& folder, std::string_view text, const Placeholders& values) {
  const std::filesystem::path path = folder / "file";
  const auto file = std::make_shared<const io::Descriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  EXPECT_TRUE(io::write_all(file->get(), text, "test"));
  const auto counts = std::make_shared<const std::vector<PlaceCount>>(counts_of(text, 4096));
  memory::Budget budget;
  const auto body = FilledFile::open(budget, {.file = file, .size = text.size(), .counts = counts},
                                     std::make_shared<const Placeholders>(kPlaces), values);
  EXPECT_TRUE(body);
  std::string out;
  while (true) {
    const auto piece = (*body)->next();
    EXPECT_TRUE(piece);
    if (const auto* const range = std::get_if<http::FileRange>(&*piece)) {
      EXPECT_EQ(range->fd, file->get());
      out += text.substr(range->offset, range->length);
      continue;
    }
    const auto bytes = std::get<std::string_view>(*piece);
    if (bytes.empty()) break;
    EXPECT_LE(bytes.size(), budget.used().count);
    out += bytes;
  }
  EXPECT_EQ(out.size(), (*body)->size());
  return out;
}

/// Text of about `size` bytes with placeholders at random places, some of them back to back.
std::string random_text(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    text.append(random() % 3000, static_cast<char>('a' + random() % 26));
    if (random() % 3 != 0) text += kPlaces.base;
    if (random() % 3 != 0) text += kPlaces.token;
    if (random() % 5 == 0) text += kPlaces.base.substr(0, random() % kPlaces.base.size());
  }
  return text;
}

TEST(FilledFile, PutsValuesInPlace) {
  const io::TestFolder folder;
  const Placeholders values{.base = "https://tv.example.org/tv", .token = "T"};
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const std::string text = random_text(100'000, seed);
    EXPECT_EQ(sent(folder, text, values), replaced(text, values)) << seed;
  }
}

TEST(FilledFile, ValuesMayBeLongerThanPlaceholders) {
  const io::TestFolder folder;
  const Placeholders values{.base = "https://" + std::string(200, 'h'),
                            .token = std::string(100, 't')};
  const std::string text = random_text(100'000, 3);
  EXPECT_EQ(sent(folder, text, values), replaced(text, values));
}

TEST(FilledFile, APlaceAcrossTheEdgeOfTwoBlocks) {
  const io::TestFolder folder;
  const Placeholders values{.base = "http://a", .token = "b"};
  for (std::size_t before = snapshots::kPlaceBlock - 70; before <= snapshots::kPlaceBlock + 1;
       ++before) {
    const std::string text = std::string(before, 'x') + kPlaces.base + kPlaces.token +
                             std::string(snapshots::kPlaceBlock, 'y');
    EXPECT_EQ(sent(folder, text, values), replaced(text, values)) << before;
  }
}

TEST(FilledFile, WithoutRoomThereIsNoneAndWithoutPlacesItNeedsNone) {
  const auto placeholders = std::make_shared<const Placeholders>(kPlaces);
  const auto open = [&](memory::Budget& budget, std::vector<PlaceCount> counts) {
    return FilledFile::open(
        budget,
        {.file = std::make_shared<const io::Descriptor>(-1),
         .size = 100,
         .counts = std::make_shared<const std::vector<PlaceCount>>(std::move(counts))},
        placeholders, {.base = "http://a", .token = "b"});
  };
  memory::Budget budget(kib(16));
  const auto refused = open(budget, {{.bases = 1, .tokens = 0}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
  EXPECT_TRUE(open(budget, {}));
}

TEST(FilledFile, AnEmptyFileIsEmpty) {
  const io::TestFolder folder;
  EXPECT_EQ(sent(folder, "", {.base = "http://a", .token = "b"}), "");
}

#ifndef M3U_PROXY_SANITIZED  // whose allocator this does not see
/// What the allocator has given out, in bytes.
std::size_t allocated() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}
#else
std::size_t allocated() { return 0; }
#endif

TEST(FilledFile, WhatHasOnePlaceInFrontIsSentByTheKernel) {
  const io::TestFolder folder;
  const std::string text = "#EXTM3U url-tvg=\"" + kPlaces.base + "/guide\"\n" +
                           std::string(10 * snapshots::kPlaceBlock, 'x');
  const std::filesystem::path path = folder / "file";
  const auto file = std::make_shared<const io::Descriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ASSERT_TRUE(io::write_all(file->get(), text, "test"));
  memory::Budget budget;
  const auto body = FilledFile::open(
      budget,
      {.file = file,
       .size = text.size(),
       .counts = std::make_shared<const std::vector<PlaceCount>>(counts_of(text, 4096))},
      std::make_shared<const Placeholders>(kPlaces), {.base = "http://a", .token = ""});
  ASSERT_TRUE(body);
  ASSERT_TRUE(std::holds_alternative<std::string_view>(*(*body)->next()));
  EXPECT_GT(budget.used().count, snapshots::kPlaceBlock);
  const std::size_t before = allocated();
  const auto rest = (*body)->next();
  EXPECT_TRUE(before == 0 || allocated() + snapshots::kPlaceBlock <= before);
  EXPECT_EQ(budget.used(), Bytes{}) << "the kernel sends the rest";
  ASSERT_TRUE(std::holds_alternative<http::FileRange>(*rest));
  EXPECT_EQ(std::get<http::FileRange>(*rest).length, text.size() - snapshots::kPlaceBlock);
}

}  // namespace
}  // namespace m3u_proxy::outputs
