#include <memory_resource>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_writer.hpp>

namespace m3u_proxy::formats {
namespace {

std::string edited(std::string_view element, const ProgrammeEdits& edits) {
  XmltvStartTag tag;
  EXPECT_TRUE(parse_start_tag(element, tag));
  std::pmr::string out;
  append_edited_start_tag(out, element, tag, edits);
  return std::string(out);
}

std::string channel(const XmltvChannel& parts) {
  std::pmr::string out;
  append_channel(out, parts);
  return std::string(out);
}

TEST(XmltvHeader, HasNoGenerationTimeAndTheSourcesDateWhereThereIsOne) {
  EXPECT_EQ(xmltv_header(""),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n"
            "<tv generator-info-name=\"m3u-proxy\">\n");
  EXPECT_NE(xmltv_header("2026\"<").find("<tv date=\"2026&quot;&lt;\" generator"),
            std::string::npos);
}

TEST(XmltvEscaping, MarkupIsEscapedAndForbiddenCharactersLeftOut) {
  std::pmr::string out;
  append_escaped(out, std::string_view("A&B <\"'> \x01\0\xEF\xBF\xBF é\t", 19));
  EXPECT_EQ(out, "A&amp;B &lt;&quot;'&gt;  é\t");
}

TEST(XmltvChannelWriter, NameThenTheSourcesOwnThenTheNumberWithoutRepeats) {
  EXPECT_EQ(channel({.id = "a&b",
                     .name = "A & B",
                     .number = "5",
                     .logo = "",
                     .source = "<channel id='x' group=\"g\">\n<display-name lang='en'>A &amp; "
                               "B</display-name><display-name lang='fr'>AB</display-name>"
                               "<icon src='i'/><url>u</url><display-name>AB</display-name>"
                               "<lcn>19</lcn></channel>"}),
            "  <channel id=\"a&amp;b\" group=\"g\">\n"
            "    <display-name>A &amp; B</display-name>\n"
            "    <display-name lang='fr'>AB</display-name>\n"
            "    <display-name>5</display-name>\n"
            "    <icon src='i'/>\n"
            "    <url>u</url>\n"
            "    <lcn>19</lcn>\n"
            "  </channel>\n");
}

TEST(XmltvChannelWriter, OwnLogoWinsOverTheSourcesIcon) {
  EXPECT_EQ(channel({.id = "a",
                     .name = "A",
                     .number = "",
                     .logo = "http://l?a=1&b=2",
                     .source = "<channel id='a'><icon src='i'/></channel>"}),
            "  <channel id=\"a\">\n    <display-name>A</display-name>\n"
            "    <icon src=\"http://l?a=1&amp;b=2\"/>\n  </channel>\n");
}

TEST(XmltvChannelWriter, ChannelWithoutAnyNameIsNamedByItsId) {
  EXPECT_EQ(channel({.id = "a", .name = " ", .number = "", .logo = ""}),
            "  <channel id=\"a\">\n    <display-name>a</display-name>\n  </channel>\n");
}

TEST(XmltvProgrammeWriter, OnlyEditedAttributesChange) {
  const std::string_view element = "<programme  start='1'\n stop = \"2\" channel='c' x='y' ><t/>";
  EXPECT_EQ(edited(element, {}), "<programme  start='1'\n stop = \"2\" channel='c' x='y' >");
  EXPECT_EQ(edited(element, {.channel = "d'd", .start = "9", .stop = "8"}),
            "<programme  start=\"9\"\n stop = \"8\" channel=\"d'd\" x='y' >");
}

TEST(XmltvProgrammeWriter, AttributesAreAddedAndStopRemovedOnRequest) {
  EXPECT_EQ(edited("<programme start='1' channel='c'/>", {.stop = "2"}),
            "<programme start='1' channel='c' stop=\"2\"/>");
  EXPECT_EQ(edited("<programme start='1' stop='2' channel='c'>", {.stop = ""}),
            "<programme start='1'  channel='c'>");
}

}  // namespace
}  // namespace m3u_proxy::formats
