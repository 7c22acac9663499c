#include <memory_resource>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_index.hpp>
#include <m3u_proxy/formats/xmltv_ordinary.hpp>

namespace m3u_proxy::formats {
namespace {

using testing::ElementsAre;

const std::string kRoom(64, '\n');  // what has to follow for an end to be safe

/// The size that is measured of `element`, with `after` behind it.
std::size_t measure(const std::string& element, XmltvKind kind = XmltvKind::kProgramme,
                    const std::string& after = kRoom) {
  const std::string text = element + after;
  OrdinaryElements elements;
  OrdinaryTag tag;
  elements.reset(text);
  return elements.measure(0, kind, tag);
}

std::vector<std::uint32_t> positions(std::string_view text) {
  MarkupIndex index;
  index.reset(text);
  std::vector<std::uint32_t> found;
  for (; index.peek() != MarkupIndex::kNone; index.pass()) found.push_back(index.peek());
  return found;
}

TEST(MarkupIndex, GivesThePositionOfEveryMarkupByteInOrder) {
  EXPECT_THAT(positions("<a>b&c;\xC3\xBC</a>"), ElementsAre(0, 2, 4, 9, 12));
  EXPECT_THAT(positions(""), ElementsAre());
  // '|' and '~' differ from '<' and '>' in one bit, the last one has the same low half.
  EXPECT_THAT(positions("|~\xBC\xBE\x0C,.f"), ElementsAre());
}

TEST(MarkupIndex, PiecesAndBlocksMakeNoDifference) {
  for (const std::size_t gap : {0U, 1U, 7U, 62U, 63U, 64U, 65U, 4000U, 4094U, 4095U, 4096U}) {
    std::string text;
    std::vector<std::uint32_t> expected;
    while (text.size() < 20'000) {
      text.append(gap, 'x');
      expected.push_back(static_cast<std::uint32_t>(text.size()));
      text += "<>&"[text.size() % 3];
    }
    EXPECT_EQ(positions(text), expected) << gap;
  }
}

TEST(MarkupIndex, SeekSkipsForwards) {
  std::string text(10'000, '<');
  MarkupIndex index;
  index.reset(text);
  for (const std::uint32_t at : {0U, 5U, 4095U, 4097U, 9000U, 9999U}) {
    index.seek(at);
    EXPECT_EQ(index.peek(), at);
  }
  index.seek(text.size());
  EXPECT_EQ(index.peek(), MarkupIndex::kNone);
}

TEST(MarkupIndex, NoticesForbiddenBytesWhereverTheyAre) {
  for (const char forbidden : {'\0', '\x01', '\x0B', '\x0C', '\x1F'}) {
    for (std::size_t at = 0; at < 130; ++at) {
      std::string text(130, '\n');
      text[at] = forbidden;
      MarkupIndex index;
      index.reset(text);
      EXPECT_EQ(index.peek(), MarkupIndex::kNone);
      EXPECT_TRUE(index.forbidden()) << at;
    }
  }
  MarkupIndex index;
  index.reset(" \t\r\n\x7F\x80\xFFz");
  EXPECT_EQ(index.peek(), MarkupIndex::kNone);
  EXPECT_FALSE(index.forbidden());
}

TEST(OrdinaryElements, MeasuresWhatGuidesUsuallyHold) {
  for (const std::string element :
       {"<programme/>", "<programme start=\"1\" stop='2' channel=\"a&amp;b\"></programme>",
        "<programme>\n  <title lang=\"en\">T &lt;&#233;&#xE9; ></title><new />\n</programme>",
        "<programme><icon src=\"http://example/a?b=1&amp;c=>\"/><a><b><c/></b></a></programme>",
        "<programme><desc><![CDATA[</programme> & ]] < ]]></desc></programme>",
        "<programme><programmes></programmes><p></p></programme>"})
    EXPECT_EQ(measure(element), element.size()) << element;
  EXPECT_EQ(
      measure("<channel id='a'><display-name>A</display-name></channel>", XmltvKind::kChannel),
      56U);
}

TEST(OrdinaryElements, KnowsTheTag) {
  const std::string text =
      "<programme stop=\"\" x='1' channel='c.d'\nstart=\"20260101\">t</programme>" + kRoom;
  OrdinaryElements elements;
  OrdinaryTag tag;
  elements.reset(text);
  ASSERT_NE(elements.measure(0, XmltvKind::kProgramme, tag), 0U);
  EXPECT_EQ(tag.size, 56U);
  EXPECT_EQ(tag.id.in(text), "c.d");
  EXPECT_EQ(tag.start.in(text), "20260101");
  EXPECT_NE(tag.stop.at, 0U);
  EXPECT_EQ(tag.stop.size, 0U);
}

TEST(OrdinaryElements, LeavesWhatIsOutOfTheOrdinary) {
  for (const auto* const element :
       {"<programme><title>A & B</title></programme>",     // a bare ampersand
        "<programme><title>&eacute;</title></programme>",  // HTML's entity
        "<programme><title>&#0;</title></programme>",      // no such character
        "<programme><title>a ]]> b</title></programme>",   //
        "<programme><title>a < b</title></programme>",     //
        "<programme><title>A</desc></programme>",          // mismatched
        "<programme><title>A</titles></programme>",        //
        "<programme><title>A</title ></programme>",        //
        "<programme><title>A</programme></title>",         //
        "<programme><a b=\"1\" b=\"2\"/></programme>",     // twice
        "<programme><a b=\"1\"c=\"2\"/></programme>",      // no space
        "<programme><a b=1/></programme>",                 //
        "<programme><a b/></programme>",                   //
        "<programme><a b=\"<\"/></programme>",             //
        "<programme><a b=\"&\"/></programme>",             //
        "<programme><1/></programme>",                     //
        "<programme><a\xC3\xA9/></programme>",             // a name beyond ASCII
        "<programme><!-- c --></programme>",               // comments have rules of their own
        "<programme><?p i?></programme>",                  //
        "<programme><programme></programme></programme>",  // one in another
        "<programme><channel/></programme>",               //
        "<programme><title>\x01</title></programme>",      // control character
        "<programmes></programmes>",
        "<programme><title>A"})  //
    EXPECT_EQ(measure(element), 0U) << element;
  std::string deep = "<programme>";
  for (int i = 0; i < 20; ++i) deep += "<a>";
  for (int i = 0; i < 20; ++i) deep += "</a>";
  EXPECT_EQ(measure(deep + "</programme>"), 0U);
}

TEST(OrdinaryElements, AnEndCloseToTheEndOfTheTextIsNotSafe) {
  EXPECT_EQ(measure("<programme></programme>", XmltvKind::kProgramme, "\n</tv>"), 0U);
}

TEST(OrdinaryElements, ATagThatWasSeenBeforeIsStillComparedInFull) {
  const std::string good = "<programme><title lang=\"en\">A</title></programme>";
  // The same first and last eight bytes, and a bad middle.
  const std::string bad = "<programme><title lang=\"<n\">A</title></programme>";
  const std::string text = good + bad + good + kRoom;
  OrdinaryElements elements;
  OrdinaryTag tag;
  elements.reset(text);
  EXPECT_EQ(elements.measure(0, XmltvKind::kProgramme, tag), good.size());
  EXPECT_EQ(elements.measure(good.size(), XmltvKind::kProgramme, tag), 0U);
  EXPECT_EQ(elements.measure(good.size() + bad.size(), XmltvKind::kProgramme, tag), good.size());
}

}  // namespace
}  // namespace m3u_proxy::formats
