#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory_resource>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>

namespace m3u_proxy::formats {
namespace {

std::string valid(std::string_view element) {
  std::pmr::string out;
  DtdLosses losses;
  if (!append_valid_element(out, element, losses)) return "none";
  return std::string(out);
}

TEST(XmltvDtd, ChildrenComeInTheOrderOfTheDtd) {
  EXPECT_EQ(
      valid("<programme channel='c' start='1'><rating><icon src='i'/><value>PG</value>"
            "</rating><desc>D</desc><new/><title>T</title><category>C</category></programme>"),
      "<programme channel='c' start='1'>\n"
      "    <title>T</title>\n    <desc>D</desc>\n    <category>C</category>\n    <new/>\n"
      "    <rating>\n      <value>PG</value>\n      <icon src='i'/>\n    </rating>\n"
      "  </programme>");
}

TEST(XmltvDtd, UnknownElementsAndAttributesAreLeftOut) {
  EXPECT_EQ(valid("<programme channel='c' start='1' catchup-id='7'><live/><title xml:lang='x' "
                  "lang='en'>T <b>bold</b></title><length units='years'>1</length>"
                  "<subtitles type='odd'/></programme>"),
            "<programme channel='c' start='1'>\n    <title lang='en'>T bold</title>\n"
            "    <subtitles>\n    </subtitles>\n  </programme>");
}

TEST(XmltvDtd, WhatIsLeftOutIsCounted) {
  std::pmr::string out;
  DtdLosses losses;
  append_valid_element(out,
                       "<programme channel='c' start='1' catchup-id='7'><live/><x><y/></x><title>T "
                       "<b>b</b></title><date>1</date><date>2</date><icon/></programme>",
                       losses);
  EXPECT_EQ(losses.unknown_elements, 3U);  // live, x with all that is in it, b
  EXPECT_EQ(losses.unfit_elements, 2U);    // the second date, an icon without src
  EXPECT_EQ(losses.unknown_attributes, 1U);
}

TEST(XmltvDtd, RequiredPartsAreMadeUpOrTheirOwnerIsLeftOut) {
  EXPECT_EQ(valid("<programme channel='c' start='1'><rating system='x'/><icon/></programme>"),
            "<programme channel='c' start='1'>\n    <title></title>\n  </programme>");
  EXPECT_EQ(valid("<channel id='a'/>"),
            "<channel id='a'>\n    <display-name></display-name>\n  </channel>");
  EXPECT_EQ(valid("<programme channel='c'><title/></programme>"), "none");
  EXPECT_EQ(valid("<other/>"), "none");
}

TEST(XmltvDtd, WhatMayStandOnceStandsOnce) {
  EXPECT_EQ(valid("<programme channel='c' start='1'><title>A</title><title>B</title>"
                  "<date>1</date><date>2</date><new>x</new></programme>"),
            "<programme channel='c' start='1'>\n    <title>A</title>\n    <title>B</title>\n"
            "    <date>1</date>\n    <new/>\n  </programme>");
}

TEST(XmltvDtd, XmllintAgrees) {
  const std::string dtd = "/usr/share/xmltv/xmltv.dtd";
  if (!std::filesystem::exists(dtd) ||
      std::system("xmllint --version >/dev/null 2>&1") != 0)  // NOLINT(cert-env33-c)
    GTEST_SKIP() << "needs xmllint (libxml2-utils) and " << dtd << " (xmltv-util)";
  std::pmr::string text = xmltv_header("20260821");
  for (const std::string_view element :
       {"<channel id='a' x='y'><lcn>1</lcn><url>u</url><icon src='s' alt='n'/>junk</channel>",
        "<programme start='2026' stop='2027' channel='a' live='1'><image type='poster' size='9'>u"
        "</image><review type='text'>R</review><review>no type</review><star-rating><icon src='x'/>"
        "<value>1/2</value><value>2/2</value></star-rating><subtitles type='teletext'>t<language>en"
        "</language><language>fr</language></subtitles><audio><stereo>stereo</stereo><present>yes"
        "</present></audio><video>v<quality>HD</quality><aspect>16:9</aspect></video><credits>"
        "<guest>G</guest><actor role='r' guest='maybe'>A <image>i</image><b>x</b></actor>c"
        "</credits><title><![CDATA[T & U]]></title><previously-shown start='1' x='2'>t"
        "</previously-shown><length units='hours'>1</length><desc><!-- c -->D</desc><episode-num "
        "system='xmltv_ns'>1.2.</episode-num><last-chance/><premiere lang='en'/></programme>"}) {
    DtdLosses losses;
    ASSERT_TRUE(append_valid_element(text, element, losses));
    text += '\n';
  }
  text += kXmltvFooter;
  const auto path = std::filesystem::temp_directory_path() / "m3u_proxy_xmltv_dtd_test.xml";
  std::ofstream(path) << text;
  const std::string command = "xmllint --noout --nonet --dtdvalid " + dtd + " " + path.string();
  EXPECT_EQ(std::system(command.c_str()), 0) << text;  // NOLINT(cert-env33-c): fixed words
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace m3u_proxy::formats
