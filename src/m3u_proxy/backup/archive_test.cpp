#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::backup {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files) {
  memory::Budget budget;
  io::MemorySink sink;
  const auto writer = ArchiveWriter::create(sink, budget, 1'700'000'000);
  for (const auto& [name, content] : files) EXPECT_TRUE((*writer)->add(name, content));
  EXPECT_TRUE((*writer)->finish());
  return sink.bytes();
}

/// Names and contents as one text, or the error.
std::string read(const std::string& archive, Bytes limit = memory::Budget::kUnlimited) {
  memory::Budget budget(limit);
  ArchiveReader reader(std::make_unique<io::MemorySource>(archive), budget);
  std::string out;
  while (true) {
    const auto entry = reader.next();
    if (!entry) return entry.error().message;
    if (!*entry) return out;
    const auto content = reader.read_all(1 << 20U);
    if (!content) return content.error().message;
    out += (*entry)->name + "=" + *content + ";";
  }
}

TEST(Archive, GivesBackWhatWasPutIn) {
  const std::string large(100'000, 'x');
  EXPECT_EQ(read(archive_of({{"a.json", "1"}, {"b/empty", ""}, {"b/large", large}})),
            "a.json=1;b/empty=;b/large=" + large + ";");
}

TEST(Archive, IsRefusedWhereverItIsCutOff) {
  const std::string archive = archive_of({{"a", "first"}, {"b", "second"}});
  for (std::size_t size = 0; size < archive.size(); ++size)
    EXPECT_THAT(read(archive.substr(0, size)), Not(HasSubstr("a=first;b=second;"))) << size;
}

TEST(Archive, NeverGivesAnotherContentWhereAByteIsAnother) {
  const std::string archive = archive_of({{"a", "first"}, {"b", "second"}});
  for (std::size_t at = 0; at < archive.size(); ++at) {
    std::string changed = archive;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    // Some bits of a compressed frame's head say nothing of its content.
    EXPECT_THAT(read(changed), AnyOf(Eq("a=first;b=second;"), Not(HasSubstr("a=")))) << at;
  }
}

TEST(Archive, RefusesWhatFollowsIt) {
  const std::string archive = archive_of({{"a", "first"}});
  EXPECT_THAT(read(archive + "more"), HasSubstr("damaged"));
  EXPECT_THAT(read(archive + archive), HasSubstr("something follows"));
}

TEST(Archive, WithoutMemoryIsAnErrorThatSaysSo) {
  EXPECT_THAT(read(archive_of({{"a", "first"}}), kib(64)), HasSubstr("memory"));
}

TEST(Archive, NamesStayBelowTheirFolder) {
  for (const std::string_view name :
       {"a", "a/b.c", "edits/000001.jsonl", "snapshots/sources/_-x/file-guide.xml.places"})
    EXPECT_TRUE(is_plain_path(name)) << name;
  for (const std::string_view name : {"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..",
                                      ".a", "a/.b", "a\\b", "a b", "a\nb", "ä"})
    EXPECT_FALSE(is_plain_path(name)) << name;
  EXPECT_FALSE(is_plain_path(std::string(kTarLongestName, 'a')));
}

TEST(Archive, HeadersOfOtherKindsAreRefused) {
  TarBlock header = *tar_header("a", 1, 0);
  EXPECT_EQ(parse_tar_header(header)->size, 1);
  constexpr std::size_t kKindAt = 156;
  constexpr std::size_t kChecksumAt = 148;
  for (const char kind : {'1', '2', '3', '5', '6', 'L', 'x', 'g', 'S'}) {
    TarBlock other = header;
    other[kKindAt] = kind;
    unsigned sum = 0;
    std::fill_n(other.begin() + kChecksumAt, 8, ' ');
    for (const char c : other) sum += static_cast<unsigned char>(c);
    std::array<char, 8> digits{};
    std::snprintf(digits.data(), digits.size(), "%06o", sum);
    std::ranges::copy(digits, other.begin() + kChecksumAt);
    const auto parsed = parse_tar_header(other);
    ASSERT_FALSE(parsed) << kind;
    EXPECT_THAT(parsed.error().message, HasSubstr("no file that a backup has")) << kind;
  }
}

}  // namespace
}  // namespace m3u_proxy::backup
