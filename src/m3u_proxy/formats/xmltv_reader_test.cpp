#include <memory_resource>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>

namespace m3u_proxy::formats {
namespace {

struct Checked {
  std::string text;   ///< "" when it is beyond repair
  bool same = false;  ///< nothing was copied
  ProblemLog problems;
};

Checked check(std::string_view element) {
  Checked out;
  XmltvChecker checker(std::pmr::new_delete_resource());
  const auto text = checker.check(element, XmltvChecker::has_clean_bytes(element), out.problems, 7);
  if (!text) return out;
  out.text = *text;
  out.same = text->data() == element.data();
  return out;
}

std::string skipped_for(std::string_view element) {
  const Checked checked = check(element);
  if (!checked.text.empty() || checked.problems.total() != 1) return "";
  EXPECT_EQ(checked.problems.samples()[0].byte, 7U);
  return std::string(checked.problems.by_reason().begin()->first);
}

std::string plain(std::string_view text) {
  std::pmr::string out;
  append_plain_text(out, text);
  return std::string(out);
}

TEST(XmltvStartTag, GivesNameAttributesAndSize) {
  XmltvStartTag tag;
  ASSERT_TRUE(parse_start_tag("<programme start=\"1\"\n stop = '2' channel=\"a>b\"><x/>", tag));
  EXPECT_EQ(tag.name, "programme");
  EXPECT_EQ(tag.value("start"), "1");
  EXPECT_EQ(tag.value("stop"), "2");
  EXPECT_EQ(tag.value("channel"), "a>b");
  EXPECT_EQ(tag.find("none"), nullptr);
  EXPECT_FALSE(tag.self_closing);
  EXPECT_EQ(tag.size, 47U);
  ASSERT_TRUE(parse_start_tag("<new />", tag));
  EXPECT_TRUE(tag.self_closing);
  EXPECT_EQ(tag.attribute_count, 0U);
}

TEST(XmltvStartTag, WhatIsNoStartTagIsRefused) {
  XmltvStartTag tag;
  for (const auto* const bad :
       {"", "<", "< a>", "<a", "<a b>", "<a b=c>", "<a b=\"c>", "</a>", "<a b='1'", "text"})
    EXPECT_FALSE(parse_start_tag(bad, tag)) << bad;
}

TEST(XmltvChecker, CleanElementIsNotCopied) {
  for (const auto* const good :
       {"<programme/>",
        "<programme a='1' b=\"2\" ><t l='en'>x &amp; y &#233;&#xE9;</t></programme>",
        "<programme><live/><d><![CDATA[a & b <x> ]]></d><!-- c --><?p q?></programme >",
        "<programme><title lang=\"el\">Ελληνικά</title><ns:x y:z='1'/></programme>",
        "<programme><größe>1</größe><desc>a > b ]] ></desc></programme>",
        "<channel id=\"a\"\n\t><display-name>A\r\n</display-name></channel>"}) {
    const Checked checked = check(good);
    EXPECT_TRUE(checked.same) << good;
    EXPECT_EQ(checked.text, good);
    EXPECT_EQ(checked.problems.total(), 0U) << good;
  }
}

TEST(XmltvChecker, BareAmpersandIsEscapedAndCounted) {
  const Checked checked =
      check("<channel id='A&E'><n>A & E &; &amp &x y;&1;</n><icon src='u?a=1&b=2'/></channel>");
  EXPECT_EQ(checked.text,
            "<channel id='A&amp;E'><n>A &amp; E &amp;; &amp;amp &amp;x y;&amp;1;</n>"
            "<icon src='u?a=1&amp;b=2'/></channel>");
  EXPECT_EQ(checked.problems.of("bare_ampersand"), 7U);
  EXPECT_EQ(checked.problems.samples()[0].byte, 7U);
}

TEST(XmltvChecker, HtmlEntitiesAreResolvedAndCounted) {
  const Checked checked = check("<p a='&eacute;&QUOT;'>caf&eacute;&nbsp;&LT;&nvlt;&hellip;</p>");
  EXPECT_EQ(checked.text, "<p a='é&quot;'>café\xC2\xA0&lt;&lt;\xE2\x83\x92…</p>");
  EXPECT_EQ(checked.problems.of("html_entity"), 7U);
}

TEST(XmltvChecker, UnknownEntitiesAreEscapedAndCounted) {
  const Checked checked = check("<p>&bogus; &Amp;</p>");
  EXPECT_EQ(checked.text, "<p>&amp;bogus; &amp;Amp;</p>");
  EXPECT_EQ(checked.problems.of("unknown_entity"), 2U);
}

TEST(XmltvChecker, ReferencesToForbiddenCharactersAreDropped) {
  const Checked checked =
      check("<p>a&#0;b&#x1A;c&#xFFFE;d&#55296;e&#99999999;f&#;g&#xZ;]]&#1;></p>");
  EXPECT_EQ(checked.text, "<p>abcdefg]]&gt;</p>");
  EXPECT_EQ(checked.problems.of("bad_character_reference"), 8U);
}

TEST(XmltvChecker, ControlCharactersAreDropped) {
  const Checked checked =
      check(std::string_view("<p>a\x1A"
                             "b\x00"
                             "c\xEF\xBF\xBF"
                             "d\te</p>",
                             18));
  EXPECT_EQ(checked.text, "<p>abcd\te</p>");
  EXPECT_EQ(checked.problems.of("control_character"), 3U);
}

TEST(XmltvChecker, InvalidUtf8IsReadAsWindows1252PieceByPiece) {
  const Checked checked = check("<p><a>caf\xE9 \x80</a><b>Größe</b></p>");
  EXPECT_EQ(checked.text, "<p><a>café €</a><b>Größe</b></p>");
  EXPECT_EQ(checked.problems.of("invalid_utf8"), 1U);
}

TEST(XmltvChecker, BareMarkupCharactersInTextAreEscaped) {
  const Checked checked = check("<p a='x<y'>I <3 you ]]> a < b</p>");
  EXPECT_EQ(checked.text, "<p a='x&lt;y'>I &lt;3 you ]]&gt; a &lt; b</p>");
  EXPECT_EQ(checked.problems.of("bare_less_than"), 3U);
  EXPECT_EQ(checked.problems.of("bare_cdata_end"), 1U);
}

TEST(XmltvChecker, GluedAttributesGetTheirSpace) {
  const Checked checked = check("<p a=\"1\"b='2'/>");
  EXPECT_EQ(checked.text, "<p a=\"1\" b='2'/>");
  EXPECT_EQ(checked.problems.of("missing_space"), 1U);
}

TEST(XmltvChecker, WhatIsBeyondRepairIsOneCountedSkip) {
  EXPECT_EQ(skipped_for("<p><a></p>"), "mismatched_end_tag");
  EXPECT_EQ(skipped_for("<p><a></b></a></p>"), "mismatched_end_tag");
  EXPECT_EQ(skipped_for("<p></ p>"), "mismatched_end_tag");
  EXPECT_EQ(skipped_for("<p a='1' b='2' a='3'/>"), "duplicate_attribute");
  EXPECT_EQ(skipped_for("<p a=1/>"), "unquoted_attribute");
  EXPECT_EQ(skipped_for("<p a/>"), "attribute_without_value");
  EXPECT_EQ(skipped_for("<p 1='x'/>"), "bad_attribute");
  EXPECT_EQ(skipped_for("<p><a<b/></p>"), "bad_tag");
  EXPECT_EQ(skipped_for("<p><!DOCTYPE x></p>"), "bad_tag");
  EXPECT_EQ(skipped_for("<p><!-- a -- b --></p>"), "bad_comment");
  EXPECT_EQ(skipped_for("<p><?xml version='1.0'?></p>"), "bad_processing_instruction");
  EXPECT_EQ(skipped_for("<p><![CDATA[ x</p>"), "cdata_not_closed");
  EXPECT_EQ(skipped_for("<p>text"), "element_not_closed");
  EXPECT_EQ(skipped_for("<p a='1"), "tag_not_closed");
  EXPECT_EQ(skipped_for("<p/>x"), "element_closed_twice");
}

TEST(XmltvChecker, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_EQ(check(nested(100)).text, nested(100));
  EXPECT_EQ(skipped_for(nested(101)), "nesting_too_deep");
}

TEST(XmltvText, PlainTextHasReferencesResolvedAndNoMarkup) {
  EXPECT_EQ(plain("A &amp; B &lt;x&gt; &#233;&#x263A; &quot;&apos;"), "A & B <x> é☺ \"'");
  EXPECT_EQ(plain("a<![CDATA[ & <b> ]]>c<!-- no -->d<?no?><i>e</i>"), "a & <b> cde");
  EXPECT_EQ(plain("A&E &eacute; &bogus; &#0;."), "A&E é &bogus; .");
}

TEST(XmltvChildren, GivesEachChildWithItsContent) {
  XmltvChildren children(
      "\n <title lang=\"en\">A<b>c</b></title> text <!-- <no/> --><new/><![CDATA[<no/>]]>"
      "<desc><![CDATA[</desc>]]></desc>");
  std::vector<std::string> seen;
  while (const auto child = children.next())
    seen.push_back(std::string(child->name) + "=" + std::string(child->content) + "=" +
                   std::string(child->whole));
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "title=A<b>c</b>=<title lang=\"en\">A<b>c</b></title>", "new==<new/>",
                      "desc=<![CDATA[</desc>]]>=<desc><![CDATA[</desc>]]></desc>"}));
}

}  // namespace
}  // namespace m3u_proxy::formats
