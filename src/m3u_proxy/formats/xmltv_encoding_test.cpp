#include <array>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_encoding.hpp>

namespace m3u_proxy::formats {
namespace {

using namespace std::string_literals;

std::string to_utf8(const std::string& encoding, std::string_view input, std::size_t step = 1000) {
  auto transcoder = XmltvTranscoder::create(encoding);
  if (!transcoder) return transcoder.error().message;
  std::string out;
  std::array<char, 8> room{};
  std::size_t end = 0;
  std::size_t at = 0;
  while (at < input.size()) {
    end = std::min(input.size(), end + step);
    const auto what =
        end == input.size() ? XmltvTranscoder::Input::kEnd : XmltvTranscoder::Input::kMore;
    while (true) {
      const auto progress =
          (*transcoder)->convert(input.substr(at, end - at), what, room.data(), room.size());
      out.append(room.data(), progress.written);
      at += progress.read;
      if (progress.written == 0) break;
    }
  }
  return out;
}

TEST(XmlEncoding, ByteOrderMarkAndShapeWinOverTheDeclaration) {
  EXPECT_EQ(detect_xml_encoding("\xEF\xBB\xBF<?xml encoding='ISO-8859-1'?>"), "UTF-8");
  EXPECT_EQ(detect_xml_encoding("\xFF\xFE<\0"s), "UTF-16LE");
  EXPECT_EQ(detect_xml_encoding("\xFE\xFF\0<"s), "UTF-16BE");
  EXPECT_EQ(detect_xml_encoding("<\0?\0x\0"s), "UTF-16LE");
  EXPECT_EQ(detect_xml_encoding("\0<\0?\0x"s), "UTF-16BE");
}

TEST(XmlEncoding, DeclarationNamesIt) {
  EXPECT_EQ(detect_xml_encoding("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><tv>"),
            "ISO-8859-1");
  EXPECT_EQ(detect_xml_encoding("\n<?xml version='1.0' encoding = 'Windows-1251' ?>"),
            "WINDOWS-1251");
  EXPECT_EQ(detect_xml_encoding("<?xml version='1.0'?><tv encoding='x'>"), "UTF-8");
  EXPECT_EQ(detect_xml_encoding("<tv>"), "UTF-8");
  EXPECT_EQ(detect_xml_encoding(""), "UTF-8");
  EXPECT_EQ(detect_xml_encoding("<?xml version='1.0' encoding='UTF-16'?><tv>"), "UTF-8");
}

TEST(XmlEncoding, Utf8IsNotTranslated) {
  EXPECT_EQ(XmltvTranscoder::create("UTF-8").value(), nullptr);
  EXPECT_EQ(XmltvTranscoder::create("US-ASCII").value(), nullptr);
}

TEST(XmlEncoding, SupportedFamiliesBecomeUtf8InAnyPieces) {
  for (std::size_t step = 1; step < 6; ++step) {
    EXPECT_EQ(to_utf8("ISO-8859-1", "caf\xE9", step), "café");
    EXPECT_EQ(to_utf8("ISO-8859-15", "\xA4 5", step), "€ 5");
    EXPECT_EQ(to_utf8("WINDOWS-1251", "\xCF\xE5\xF0\xE2\xFB\xE9", step), "Первый");
    EXPECT_EQ(to_utf8("CP1250", "\x8A", step), "Š");
    EXPECT_EQ(to_utf8("UTF-16LE", "<\0\xE9\0\x3D\xD8\x00\xDE"s, step), "<é😀");
    EXPECT_EQ(to_utf8("UTF-16BE", "\0<\0\xE9"s, step), "<é");
  }
}

TEST(XmlEncoding, BytesThatStandForNothingAreReplacedAndCounted) {
  EXPECT_EQ(to_utf8("WINDOWS-1252", "a\x81z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_utf8("UTF-16LE", "a\0b"s), "a\xEF\xBF\xBD");
  auto transcoder = XmltvTranscoder::create("WINDOWS-1252").value();
  std::array<char, 16> room{};
  transcoder->convert("\x81\x8D", XmltvTranscoder::Input::kEnd, room.data(), room.size());
  EXPECT_EQ(transcoder->replaced(), 2U);
}

TEST(XmlEncoding, OtherEncodingsAreRefusedByName) {
  EXPECT_NE(to_utf8("EBCDIC-US", "x").find("'EBCDIC-US', which is not supported"),
            std::string::npos);
  EXPECT_NE(to_utf8("ISO-8859-99", "x").find("not supported"), std::string::npos);
}

}  // namespace
}  // namespace m3u_proxy::formats
