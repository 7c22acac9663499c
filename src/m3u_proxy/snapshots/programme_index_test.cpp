#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/programme_index.hpp>
#include <m3u_proxy/snapshots/programme_index_writer.hpp>

namespace m3u_proxy::snapshots {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMidnight = 1767225600;  // 2026-01-01
constexpr std::int64_t kHour = 3600;

class ProgrammeIndexTest : public testing::Test {
 protected:
  ProgrammeIndexTest() : folder_(*SnapshotFolder::open(test_ / "proxy")) {}

  /// A guide with these elements, given to the writer in pieces of `piece` bytes.
  std::shared_ptr<const ProgrammeIndex> make(const std::string& elements, std::size_t piece = 64) {
    const std::string text = "<?xml version=\"1.0\"?>\n<tv>\n" + elements + "</tv>\n";
    const auto draft = *folder_.begin();
    EXPECT_TRUE((*draft->create("guide.xml"))->write(text));
    ProgrammeIndexWriter writer(**draft->create("index"), budget_, nullptr);
    for (std::size_t at = 0; at < text.size(); at += piece)
      EXPECT_TRUE(writer.add(std::string_view(text).substr(at, piece)));
    EXPECT_TRUE(writer.finish());
    const std::string name = std::to_string(++made_);
    EXPECT_TRUE(draft->commit(name));
    auto index = ProgrammeIndex::open(*folder_.get(name), "index", "guide.xml", budget_);
    EXPECT_TRUE(index) << index.error().message;
    return *index;
  }
  template <typename T>
  static void append(BlockWriter& writer, ProgrammeBlock kind, std::uint32_t items, const T& item) {
    EXPECT_TRUE(writer.append(static_cast<std::uint32_t>(kind), 0, items,
                              {reinterpret_cast<const char*>(&item), sizeof(item)}));
  }
  /// An index with one programme of "one", which says of itself that it has so many channels.
  std::shared_ptr<const ProgrammeIndex> with(const ProgrammeEntry& entry, std::uint32_t channels) {
    const auto draft = *folder_.begin();
    EXPECT_TRUE((*draft->create("guide.xml"))->write("<tv/>"));
    BlockWriter writer(**draft->create("index"), budget_, kProgrammeContent);
    append(writer, ProgrammeBlock::kEntries, 1, entry);
    append(writer, ProgrammeBlock::kChannels, channels,
           ProgrammeChannel{.key = entry.channel, .first = 0, .count = 1});
    append(writer, ProgrammeBlock::kFences, 1, entry.channel);
    EXPECT_TRUE(writer.finish());
    EXPECT_TRUE(draft->commit("made"));
    auto index = ProgrammeIndex::open(*folder_.get("made"), "index", "guide.xml", budget_);
    EXPECT_TRUE(index) << index.error().message;
    return *index;
  }
  static std::vector<std::string> titles(const ProgrammeIndex& index, std::string_view id,
                                         std::int64_t begin, std::int64_t end) {
    std::vector<ProgrammeEntry> places;
    EXPECT_TRUE(index.between(id, begin, end, 1000, places));
    std::vector<std::string> titles;
    for (const ProgrammeEntry& place : places) titles.push_back(index.read(place)->title);
    return titles;
  }
  static std::vector<std::string> found(const ProgrammeIndex& index, std::string_view text) {
    std::vector<std::string> titles;
    EXPECT_TRUE(index.search(text, 0, {}, [&](std::uint64_t, const ProgrammeEntry& place) {
      titles.push_back(index.read(place)->title);
      return true;
    }));
    return titles;
  }

  io::TestFolder test_;
  memory::Budget budget_;
  SnapshotFolder folder_;
  int made_ = 0;
};

const std::string kDay =
    R"(<channel id="one"><display-name>One</display-name></channel>
<programme start="20260101020000 +0000" stop="20260101030000 +0000" channel="one"><title>Late</title></programme>
<programme start="20260101000000 +0000" stop="20260101010000 +0000" channel="one"><title lang="en">Tom &amp; Jerry</title><sub-title>A cat</sub-title><desc>Long.</desc><category>Kids</category><category>Cartoon</category><new/><live/></programme>
<programme start="20260101010000 +0000" channel="one"><title>Open end</title></programme>
<programme start="20260101010000 +0100" stop="20260101020000 +0100" channel="t&amp;w"><title><![CDATA[Élan]]></title></programme>
)";

TEST_F(ProgrammeIndexTest, FindsWhatIsOnByChannelAndTime) {
  const auto index = make(kDay);
  EXPECT_EQ(index->programmes(), 4U);
  EXPECT_THAT(titles(*index, "one", kMidnight + 60, kMidnight + 61), ElementsAre("Tom & Jerry"));
  EXPECT_THAT(titles(*index, "one", kMidnight, kMidnight + 24 * kHour),
              ElementsAre("Tom & Jerry", "Open end", "Late"));
  EXPECT_THAT(titles(*index, "one", kMidnight + kHour, kMidnight + 2 * kHour),
              ElementsAre("Open end"));
  EXPECT_THAT(titles(*index, "one", kMidnight + 3 * kHour, kMidnight + 9 * kHour), IsEmpty());
  EXPECT_THAT(titles(*index, "t&w", kMidnight, kMidnight + 1), ElementsAre("Élan"));
  EXPECT_THAT(titles(*index, "two", kMidnight, kMidnight + kHour), IsEmpty());
}

TEST_F(ProgrammeIndexTest, ReadsAllThatIsShownOfAProgramme) {
  const auto index = make(kDay);
  std::vector<ProgrammeEntry> places;
  ASSERT_TRUE(index->between("one", kMidnight, kMidnight + 1, 10, places));
  ASSERT_EQ(places.size(), 1U);
  const auto programme = index->read(places.front());
  ASSERT_TRUE(programme);
  EXPECT_EQ(programme->channel, "one");
  EXPECT_EQ(programme->subtitle, "A cat");
  EXPECT_EQ(programme->description, "Long.");
  EXPECT_THAT(programme->categories, ElementsAre("Kids", "Cartoon"));
  EXPECT_EQ(programme->start, kMidnight);
  EXPECT_EQ(programme->stop, kMidnight + kHour);
  EXPECT_TRUE(programme->is_new);
  EXPECT_TRUE(programme->is_live);
}

TEST_F(ProgrammeIndexTest, SearchesTitlesWithoutCaseAcrossBlocks) {
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "<programme start=\"20260101000000\" channel=\"c" + std::to_string(i % 7) +
            "\"><title>" + (i % 1000 == 500 ? "Rare " : "Common ") + std::to_string(i) +
            "</title></programme>\n";
  const auto index = make(many, 4096);
  EXPECT_EQ(index->programmes(), 5000U);
  EXPECT_THAT(found(*index, "rare"),
              ElementsAre("Rare 500", "Rare 1500", "Rare 2500", "Rare 3500", "Rare 4500"));
  EXPECT_THAT(found(*index, "common 49\n"), IsEmpty());
  std::vector<std::uint64_t> numbers;
  const auto end = index->search("rare", 501, {}, [&](std::uint64_t n, const ProgrammeEntry&) {
    numbers.push_back(n);
    return numbers.size() < 2;
  });
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, 2501U);
  EXPECT_THAT(numbers, ElementsAre(1500U, 2500U));
  const auto keys = index->keys();
  ASSERT_TRUE(keys);
  EXPECT_EQ((*keys)->keys.size(), 7U);
}

TEST_F(ProgrammeIndexTest, IsTheSameHoweverItsBytesCome) {
  const auto whole = make(kDay, 1U << 20U);
  const auto bytes = make(kDay, 1);
  EXPECT_THAT(titles(*bytes, "one", kMidnight, kMidnight + 24 * kHour),
              titles(*whole, "one", kMidnight, kMidnight + 24 * kHour));
}

TEST_F(ProgrammeIndexTest, LeavesOutWhatHasNoChannelOrStart) {
  const auto index = make(
      "<programme start=\"20260101000000\"><title>a</title></programme>"
      "<programme start=\"soon\" channel=\"one\"><title>b</title></programme>");
  EXPECT_EQ(index->programmes(), 0U);
  EXPECT_THAT(titles(*index, "one", 0, INT64_MAX), IsEmpty());
}

TEST_F(ProgrammeIndexTest, AProgrammeNearTheEndOfTimeEndsThere) {
  const auto index = with({.channel = guide_key("one"), .start = INT64_MAX - 5, .seconds = 10}, 1);
  std::vector<ProgrammeEntry> places;
  ASSERT_TRUE(index->between("one", INT64_MAX - 2, INT64_MAX, 10, places));
  EXPECT_EQ(places.size(), 1U);
}

TEST_F(ProgrammeIndexTest, RefusesMoreChannelsThanABlockHas) {
  const auto index = with({.channel = guide_key("one")}, UINT32_MAX);
  const auto keys = index->keys();
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::kParse);
}

TEST_F(ProgrammeIndexTest, RefusesAPlaceWhereNoProgrammeIs) {
  const auto index = make(kDay);
  EXPECT_FALSE(index->read({.offset = 3, .size = 20}));
  EXPECT_FALSE(index->read({.offset = 1U << 20U, .size = 20}));
  EXPECT_FALSE(index->read({.offset = 0, .size = UINT32_MAX}));
}

}  // namespace
}  // namespace m3u_proxy::snapshots
