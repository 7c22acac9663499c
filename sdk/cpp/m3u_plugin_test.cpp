#include <random>

#include <sdk/cpp/sdk_testing.hpp>

#include <m3u_proxy/base/casefold.hpp>

namespace m3u_proxy::sdk {
namespace {

using m3u::ChannelField;
using ::testing::ElementsAre;

class ChannelFrameTest : public FrameTest {};

std::string text(m3u::Text value) { return {value.data(), value.size()}; }

TEST_F(ChannelFrameTest, EveryPartOfAHostsFrameIsRead) {
  const m3u::ChannelBatch batch = frame_of(three_channels());
  ASSERT_EQ(batch.rows(), 3U);
  EXPECT_EQ(text(batch.name(0)), "News");
  EXPECT_EQ(text(batch.tvg_id(0)), "news.tv");
  EXPECT_EQ(text(batch.duration(0)), "-1");
  EXPECT_EQ(text(batch.attribute(0, "Catchup-Days")), "7");
  EXPECT_EQ(text(batch.attribute(1, "radio")), "");
  EXPECT_EQ(text(batch.group(1)), "Films");
  EXPECT_EQ(batch.media_type(1), m3u::MediaType::kMovie);
  EXPECT_EQ(batch.source(1), 2);
  EXPECT_EQ(batch.directives_begin(2) - batch.directives_begin(1), 2U);
  EXPECT_EQ(text(batch.directive(batch.directives_begin(2))), "#EXTHTTP:{}");
  EXPECT_EQ(text(batch.number(2)), "5.1");
  EXPECT_EQ(text(batch.id(2)), std::string("\7", 1) + std::string(15, '\0'));
}

TEST_F(ChannelFrameTest, AChunkInWhichNothingChangesIsTheInputItself) {
  const m3u::ChannelBatch batch = frame_of(three_channels());
  m3u::Output out({const_cast<char*>(batch.frame().data()), batch.frame().size()});
  m3u::ChannelEditor editor(batch);
  editor.set(ChannelField::kChannelName, 0, "News");
  editor.set_media_type(1, m3u::MediaType::kMovie);
  EXPECT_EQ(out.give(editor), m3u::Result::kBatch);
  EXPECT_EQ(out.block().data, batch.frame().data());
}

TEST_F(ChannelFrameTest, SetColumnsChangeAndNothingElseDoes) {
  std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch batch = frame_of(channels);
  m3u::ChannelEditor editor(batch);
  editor.set(ChannelField::kGroupTitle, 2, "Sports");
  editor.set(ChannelField::kDuration, 0, "");
  editor.set(ChannelField::kTvgName, 1, editor.store("stored"));
  editor.set_media_type(0, m3u::MediaType::kSeries);
  channels[2][ChannelField::kGroupTitle] = "Sports";
  channels[0][ChannelField::kDuration] = "";
  channels[1][ChannelField::kTvgName] = "stored";
  channels[0].media_type = catalog::MediaType::kSeries;
  EXPECT_EQ(text(editor.text(ChannelField::kGroupTitle, 2)), "Sports");
  EXPECT_EQ(take(editor.build()), channels);
}

TEST_F(ChannelFrameTest, AttributesAreSetAddedAndRemovedInAnyOrderOfRows) {
  std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch batch = frame_of(channels);
  m3u::ChannelEditor editor(batch);
  editor.set_attribute(2, "y", "2");
  editor.set_attribute(0, "RADIO", "");
  editor.set_attribute(0, "a", "A");
  editor.set_attribute(0, "b", "B");
  editor.set_attribute(1, "c", "C");
  editor.set_attribute(2, "x", "one");
  channels[0].attributes = {{"catchup-days", "7"}, {"a", "A"}, {"b", "B"}};
  channels[1].attributes = {{"c", "C"}};
  channels[2].attributes = {{"x", "one"}, {"y", "2"}};
  EXPECT_EQ(take(editor.build()), channels);
}

TEST_F(ChannelFrameTest, DroppedRowsLeaveTheOthersWithAllTheyHave) {
  std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch batch = frame_of(channels);
  m3u::ChannelEditor editor(batch);
  editor.drop(1);
  editor.set(ChannelField::kGroupTitle, 2, "Sports");
  editor.set_attribute(0, "a", "A");
  channels[0].attributes.emplace_back("a", "A");
  channels[2][ChannelField::kGroupTitle] = "Sports";
  EXPECT_EQ(take(editor.build()), (std::vector{channels[0], channels[2]}));
}

TEST_F(ChannelFrameTest, DroppingAllRowsGivesAFrameWithoutRows) {
  const m3u::ChannelBatch batch = frame_of(three_channels());
  m3u::ChannelEditor editor(batch);
  for (std::uint32_t row = 0; row < 3; ++row) editor.drop(row);
  EXPECT_EQ(take(editor.build()), std::vector<Channel>{});
}

TEST_F(ChannelFrameTest, RowsOfSeveralChunksComeInAnyOrder) {
  const std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch first = frame_of(channels);
  const m3u::ChannelBatch second = frame_of({channels[2], channels[1]});
  m3u::ChannelWriter writer;
  writer.add(second, 1);
  writer.add(first, 2);
  writer.add(first, 0);
  writer.add(second, 1);
  EXPECT_EQ(take(writer.build()),
            (std::vector{channels[1], channels[2], channels[0], channels[1]}));
}

TEST_F(ChannelFrameTest, NewRowsHaveNoIdBesideRowsThatHaveOne) {
  const std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch batch = frame_of(channels);
  m3u::ChannelWriter writer;
  writer.add_new(4);
  writer.set(ChannelField::kChannelName, "Added");
  writer.set(ChannelField::kStreamUrl, writer.store("udp://@239.0.0.1:1234"));
  writer.set_media_type(m3u::MediaType::kSeries);
  writer.set_attribute("a", "0");
  writer.set_attribute("b", "1");
  writer.set_attribute("A", "");
  writer.add_directive("#EXTVLCOPT:program=1");
  writer.add(batch, 1);
  writer.add_new(0);
  Channel added{.source = 4,
                .media_type = catalog::MediaType::kSeries,
                .attributes = {{"b", "1"}},
                .directives = {"#EXTVLCOPT:program=1"}};
  added[ChannelField::kChannelName] = "Added";
  added[ChannelField::kStreamUrl] = "udp://@239.0.0.1:1234";
  EXPECT_EQ(take(writer.build()), (std::vector{added, channels[1], Channel{}}));
}

TEST_F(ChannelFrameTest, AWriterWithoutRowsGivesAFrameWithoutRows) {
  m3u::ChannelWriter writer;
  EXPECT_EQ(take(writer.build()), std::vector<Channel>{});
}

TEST_F(ChannelFrameTest, AFrameWithoutRowsIsReadAndEdited) {
  const m3u::ChannelBatch batch = frame_of({});
  EXPECT_EQ(batch.rows(), 0U);
  const m3u::ChannelEditor editor(batch);
  EXPECT_TRUE(editor.unchanged());
  EXPECT_EQ(take(editor.build()), std::vector<Channel>{});
}

TEST_F(ChannelFrameTest, RandomEditsGiveWhatTheSameEditsOfPlainValuesGive) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Channel> channels(random() % 40);
    for (Channel& channel : channels) channel = random_channel(random);
    const m3u::ChannelBatch batch = frame_of(channels);
    m3u::ChannelEditor editor(batch);
    std::vector<bool> dropped(channels.size());
    for (auto left = channels.empty() ? 0 : random() % 30; left > 0; --left) {
      const auto row = static_cast<std::uint32_t>(random() % channels.size());
      const std::string value = random_text(random);
      const auto column = random() % 9;
      if (round % 2 == 0 && random() % 8 == 0) {
        editor.drop(row);
        dropped[row] = true;
      } else if (round % 3 == 0 && random() % 4 == 0) {
        editor.set_attribute(row, "new", editor.store(value + "x"));
        auto& list = channels[row].attributes;
        std::erase_if(list, [](const auto& item) { return item.first == "new"; });
        list.emplace_back("new", value + "x");
      } else {
        editor.set(static_cast<ChannelField>(column), row, editor.store(value));
        channels[row].columns[column] = value;
      }
    }
    std::vector<Channel> expected;
    for (std::size_t row = 0; row < channels.size(); ++row)
      if (!dropped[row]) expected.push_back(channels[row]);
    ASSERT_EQ(take(editor.build()), expected) << "round " << round;
  }
}

TEST_F(ChannelFrameTest, AnEditedFrameIsReadAndEditedAgain) {
  std::vector<Channel> channels = three_channels();
  const m3u::ChannelBatch batch = frame_of(channels);
  m3u::ChannelEditor editor(batch);
  editor.set(ChannelField::kChannelName, 0, "A much longer name than there was");
  const m3u::detail::Block once = editor.build();
  const m3u::ChannelBatch again(once.data, once.size);
  m3u::ChannelEditor second(again);
  second.set(ChannelField::kChannelName, 2, "C");
  channels[0][ChannelField::kChannelName] = "A much longer name than there was";
  channels[2][ChannelField::kChannelName] = "C";
  EXPECT_EQ(take(second.build()), channels);
  m3u::detail::deallocate(once.data);
}

std::vector<std::uint32_t> rows_with(const m3u::ChannelBatch& batch, m3u::Text word) {
  std::vector<std::uint32_t> rows;
  batch.column(ChannelField::kChannelName).rows_containing(word, [&](std::uint32_t row) {
    rows.push_back(row);
  });
  return rows;
}

std::vector<Channel> named(const std::vector<std::string>& names) {
  std::vector<Channel> channels(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) channels[i][ChannelField::kChannelName] = names[i];
  return channels;
}

TEST_F(ChannelFrameTest, AWordIsFoundInsideOneValueOnly) {
  const m3u::ChannelBatch batch =
      frame_of(named({"Sky SPORT", "news", "spo", "rt", "sports sport", "", "a sporT", "Sp0rt"}));
  EXPECT_THAT(rows_with(batch, "sport"), ElementsAre(0, 4, 6));
  EXPECT_THAT(rows_with(batch, "0"), ElementsAre(7));
  EXPECT_EQ(rows_with(batch, "").size(), 8U);
  EXPECT_TRUE(
      rows_with(batch, "a word longer than all the text of the names together has room").empty());
}

TEST_F(ChannelFrameTest, WordsAreFoundAsTheRulesContainsFindsThem) {
  std::mt19937 random(3);
  const std::vector<std::string> pieces{"s", "S", "k", "K", "t",  "[", "{", "ü",
                                        "ſ", "K", "@", "`", "ab", " ", "ž", "™"};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> names(20);
    for (std::string& name : names)
      for (auto left = random() % 12; left > 0; --left)
        name += pieces[random() % (round % 2 == 0 ? 8 : pieces.size())];
    const m3u::ChannelBatch batch = frame_of(named(names));
    for (const std::string word : {"s", "sk", "kst", "t[", "ab", "`", "kk"}) {
      std::vector<std::uint32_t> expected;
      for (std::uint32_t row = 0; row < names.size(); ++row)
        if (contains_folded(names[row], word)) expected.push_back(row);
      ASSERT_EQ(rows_with(batch, word), expected) << word << " in round " << round;
    }
  }
}

}  // namespace
}  // namespace m3u_proxy::sdk
