#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_splitter.hpp>

namespace m3u_proxy::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Outcome {
  std::vector<std::string> elements;
  std::vector<std::uint64_t> positions;
  ProblemLog problems;
  std::string error;
  std::string hint;
  std::string date;
  bool truncated = false;
};

/// Gives `text` to a splitter in windows that grow by `step` bytes.
Outcome split(std::string_view text, std::size_t step = SIZE_MAX) {
  Outcome out;
  XmltvSplitter splitter;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (true) {
    end = text.size() - end > step ? end + step : text.size();
    const bool last = end == text.size();
    std::pmr::vector<XmltvSpan> spans;
    const std::string_view window = text.substr(begin, end - begin);
    const auto done =
        splitter.split(window, last ? XmltvSplitter::Input::kEnd : XmltvSplitter::Input::kMore,
                       spans, out.problems);
    for (const XmltvSpan& span : spans) {
      out.elements.emplace_back(window.substr(span.begin, span.size));
      out.positions.push_back(begin + span.begin);
    }
    if (!done) {
      out.error = done.error().message;
      out.hint = done.error().hint;
      return out;
    }
    begin += *done;
    EXPECT_EQ(splitter.position(), begin);
    if (last) break;
  }
  out.date = splitter.date();
  out.truncated = splitter.truncated();
  return out;
}

TEST(XmltvSplitter, GivesTheChildrenOfTvInOrderWithTheirPositions) {
  const std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n"
      "<tv date=\"20260821\"><channel id=\"a\"/>\n<programme x='1'><title>T</title></programme >"
      "<channel id=\"b\"><icon/></channel></tv>\n";
  const Outcome out = split(text);
  EXPECT_THAT(out.elements,
              ElementsAre("<channel id=\"a\"/>", "<programme x='1'><title>T</title></programme >",
                          "<channel id=\"b\"><icon/></channel>"));
  EXPECT_EQ(out.positions[0], text.find("<channel"));
  EXPECT_EQ(out.positions[1], text.find("<programme"));
  EXPECT_EQ(out.date, "20260821");
  EXPECT_FALSE(out.truncated);
  EXPECT_EQ(out.problems.total(), 0U);
}

/// What a splitter makes of `text`, which is the same for every size of window.
Outcome split_in_any_way(const std::string& text) {
  Outcome whole = split(text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    const Outcome pieces = split(text, step);
    EXPECT_EQ(pieces.elements, whole.elements) << step;
    EXPECT_EQ(pieces.error, whole.error) << step;
    EXPECT_EQ(pieces.problems.by_reason(), whole.problems.by_reason()) << step;
  }
  return whole;
}

TEST(XmltvSplitter, WhatAServerPrintedBeforeTheGuideIsCounted) {
  const std::string guide = "<tv><channel id=\"a\"/></tv>";
  const std::string declared = "<?xml version=\"1.0\"?>\n" + guide;
  const std::string doctype = "<!DOCTYPE tv SYSTEM \"xmltv.dtd\">" + guide;
  for (const std::string& junk :
       {std::string("Warning: no cache in /srv/epg.php on line 3\n"),
        std::string("<br />\n<b>Warning</b>: no cache in <b>/srv/epg.php</b><br />\n"),
        std::string("[28-Nov-2026 04:00:00 UTC] PHP Notice\n"), std::string("{\"ok\":true}"),
        std::string("<!DOCTYPE html><p>maintenance</p>"), std::string("<tvguide>"),
        std::string("x\xEF\xBB\xBF"), std::string("\xEF\xBB\xBFx"), std::string(4095, '.'),
        std::string("<!-- cached -->\n<b>Notice</b>")}) {
    for (const std::string& text : {junk + guide, junk + declared}) {
      const Outcome out = split_in_any_way(text);
      EXPECT_EQ(out.error, "") << text;
      EXPECT_THAT(out.elements, ElementsAre("<channel id=\"a\"/>")) << text;
      EXPECT_EQ(out.problems.of("text_before_start"), 1U) << text;
      EXPECT_EQ(out.problems.total(), 1U) << text;
    }
  }
  EXPECT_EQ(split_in_any_way("<?php x ?>" + doctype).problems.total(), 0U);
}

TEST(XmltvSplitter, JunkEndsWithTheFirstFourKilobytes) {
  const std::string guide = "<tv><channel id=\"a\"/></tv>";
  EXPECT_NE(split_in_any_way(std::string(4096, '.') + guide).error, "");
}

TEST(XmltvSplitter, PlaylistWithAGuidesTagInANameIsNoGuide) {
  const std::string list = "#EXTM3U\n#EXTINF:-1,<tv > one\nhttp://h/1\n";
  EXPECT_THAT(split_in_any_way(list).error, HasSubstr("an M3U playlist"));
  EXPECT_NE(split_in_any_way("Warning\n" + list).error, "");
}

TEST(XmltvSplitter, MarkupThatOnlyLooksLikeAnEndIsPassedOver) {
  const std::string quoted = "<programme b=\"> />\" c='\">'>x</programme>";
  const std::string cdata =
      "<programme><desc><![CDATA[</programme><programme>]]></desc></programme>";
  const std::string comment = "<programme><!-- </programme> <programme> --></programme>";
  const std::string instruction = "<programme><?x </programme> ?></programme>";
  const std::string longer = "<programme><programmes></programmes><p/></programme>";
  const Outcome out = split("<tv>" + quoted + cdata + comment + instruction + longer + "</tv>");
  EXPECT_THAT(out.elements, ElementsAre(quoted, cdata, comment, instruction, longer));
  EXPECT_EQ(out.problems.total(), 0U);
}

TEST(XmltvSplitter, SameElementsWhateverTheWindows) {
  const std::string text =
      "\xEF\xBB\xBF \n<?xml version='1.0'?><!-- > --><!DOCTYPE tv [ <!-- ] > --> <!ELEMENT a "
      "(b)> ]><tv date='2026' x=\"a>b\"><!-- <programme> --><channel id='a'><x/></channel>"
      "<other><other/><other>n</other></other>"
      "<programme start='2026' c=\"/\"><d><![CDATA[ ]] </programme> ]]></d></programme>junk"
      "<channel id='open'><programme><t/></programme><programme><?p ?></programme></wrong>"
      "<?pi <tv> ?><programme/><channel\n/></tv\n><!-- end --><tv><programme>2</programme></tv>";
  const Outcome whole = split(text);
  EXPECT_THAT(whole.elements,
              ElementsAre("<channel id='a'><x/></channel>",
                          "<programme start='2026' c=\"/\"><d><![CDATA[ ]] </programme> "
                          "]]></d></programme>",
                          "<programme><t/></programme>", "<programme><?p ?></programme>",
                          "<programme/>", "<channel\n/>", "<programme>2</programme>"));
  EXPECT_EQ(whole.problems.of("unknown_element"), 1U);
  EXPECT_EQ(whole.problems.of("text_between_elements"), 1U);
  EXPECT_EQ(whole.problems.of("element_not_closed"), 1U);
  EXPECT_EQ(whole.problems.of("stray_end_tag"), 1U);
  EXPECT_EQ(whole.problems.of("second_document"), 1U);
  for (std::size_t step = 1; step < 60; ++step) {
    const Outcome pieces = split(text, step);
    EXPECT_EQ(pieces.elements, whole.elements) << step;
    EXPECT_EQ(pieces.positions, whole.positions) << step;
    EXPECT_EQ(pieces.date, "2026") << step;
    EXPECT_EQ(pieces.problems.of("element_not_closed"), 1U) << step;
    EXPECT_EQ(pieces.problems.of("second_document"), 1U) << step;
  }
}

TEST(XmltvSplitter, MissingEndTagLosesOnlyThatElement) {
  const Outcome out = split(
      "<tv><programme><title>A</title><programme><title>B</title></programme>"
      "<channel id='c'><programme id='\"'/><programme start='2026 stop='2027'><t/></programme>"
      "<programme>last</tv>");
  EXPECT_THAT(out.elements,
              ElementsAre("<programme><title>B</title></programme>", "<programme id='\"'/>"));
  EXPECT_EQ(out.problems.of("element_not_closed"), 4U);
  EXPECT_FALSE(out.truncated);
}

TEST(XmltvSplitter, TruncatedGuideKeepsWhatIsComplete) {
  for (const auto* const tail : {"<programme><ti", "<programme", "", "<!-- ",
                                 "<programme><title>T</title></programme", "</t"}) {
    const Outcome out = split(std::string("<tv><channel id='a'/>") + tail);
    EXPECT_THAT(out.elements, ElementsAre("<channel id='a'/>")) << tail;
    EXPECT_TRUE(out.truncated) << tail;
    EXPECT_EQ(out.problems.of("truncated"), 1U) << tail;
  }
}

TEST(XmltvSplitter, EntityDeclarationsAreRefused) {
  for (const auto* const declaration : {"<!ENTITY a \"x\">", "<!ELEMENT b ANY><!ENTITY % c 'y'>"}) {
    const Outcome out =
        split(std::string("<?xml version='1.0'?><!DOCTYPE tv [") + declaration + "]><tv></tv>");
    EXPECT_THAT(out.error, HasSubstr("declares entities"));
  }
  EXPECT_EQ(split("<!DOCTYPE tv [ <!-- <!ENTITY --> ]><tv/>").error, "");
}

TEST(XmltvSplitter, WhatIsNoGuideIsNamedWithItsFirstWords) {
  EXPECT_THAT(split("").error, HasSubstr("an empty body"));
  EXPECT_THAT(split(" \r\n ").error, HasSubstr("an empty body"));
  EXPECT_THAT(split("<!DOCTYPE html><html><head><title>Login</title>").error,
              HasSubstr("an HTML page: \"<!DOCTYPE html><html><head><title>Login"));
  EXPECT_THAT(split("<HTML><body>502 Bad Gateway").error, HasSubstr("an HTML page"));
  EXPECT_THAT(split("{\"user_info\":{\"auth\":0}}").error,
              HasSubstr("JSON: \"{\"user_info\":{\"auth\":0}}\""));
  EXPECT_THAT(split("#EXTM3U\n#EXTINF:-1,A\n").error, HasSubstr("an M3U playlist"));
  EXPECT_THAT(split("<?xml version='1.0'?><rss version='2.0'/>").error,
              HasSubstr("XML with the root <rss>"));
  EXPECT_THAT(split("Account expired").error, HasSubstr("something else: \"Account expired\""));
  EXPECT_THAT(split("<?xml version='1.0'?>").error, HasSubstr("only its beginning"));
  EXPECT_THAT(split("<tvguide><a/></tvguide>").error, HasSubstr("<tvguide>"));
}

TEST(XmltvSplitter, WarningInFrontOfTheGuideIsPassedOver) {
  const Outcome out = split("Warning: mysql\n<?xml version='1.0'?><tv><channel id='a'/></tv>");
  EXPECT_EQ(out.elements.size(), 1U);
  EXPECT_EQ(out.problems.of("text_before_start"), 1U);
}

TEST(XmltvSplitter, BadRootTagIsPassedOverInAnyWindows) {
  const std::string text = "<tv a='e>x<y'><channel id='a'/></tv>";
  for (std::size_t step = 1; step < 40; ++step) {
    const Outcome out = split(text, step);
    EXPECT_EQ(out.problems.of("bad_root_tag"), 1U) << step;
    EXPECT_EQ(out.elements, split(text).elements) << step;
  }
}

TEST(XmltvSplitter, EndTagRightBehindAnotherBracketIsFoundInAnyWindows) {
  const std::string text = "<tv><channel id='a'></chan<</channel></tv>";
  for (std::size_t step = 1; step < 40; ++step)
    EXPECT_EQ(split(text, step).elements.size(), 1U) << step;
}

TEST(XmltvSplitter, StrayTextCountsOnceInAnyWindows) {
  const std::string text = "<tv>some < stray << text &<channel id='a'/>more</tv>";
  for (std::size_t step = 1; step < 40; ++step)
    EXPECT_EQ(split(text, step).problems.of("text_between_elements"), 2U) << step;
}

TEST(XmltvSplitter, EmptyGuideIsAGuide) {
  EXPECT_EQ(split("<tv/>").error, "");
  EXPECT_EQ(split("<tv></tv>").error, "");
  EXPECT_FALSE(split("<tv generator-info-name=\"x\"></tv>").truncated);
}

TEST(XmltvSplitter, ElementOverSixteenMegabytesIsSkippedWhereverTheWindowsEnd) {
  const std::string small = "<programme><t/></programme>";
  const std::string fits =
      "<programme>" + std::string(XmltvSplitter::kMaxElement - 23, 'x') + "</programme>";
  ASSERT_EQ(fits.size(), XmltvSplitter::kMaxElement);
  const std::string large = "<programme><![CDATA[" + std::string(XmltvSplitter::kMaxElement, 'y') +
                            "</programme>]]></programme>";
  const std::string text = "<tv>" + small + large + fits + small + "</tv>";
  for (const std::size_t step : {SIZE_MAX, std::size_t{3} << 20U, std::size_t{17} << 20U}) {
    const Outcome out = split(text, step);
    EXPECT_EQ(out.elements.size(), 3U) << step;
    EXPECT_EQ(out.problems.of("element_too_large"), 1U) << step;
    EXPECT_EQ(out.problems.total(), 1U) << step;
    EXPECT_FALSE(out.truncated);
  }
}

}  // namespace
}  // namespace m3u_proxy::formats
