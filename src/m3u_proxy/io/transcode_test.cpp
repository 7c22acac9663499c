#include <gtest/gtest.h>

#include <m3u_proxy/io/encoding.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/io/transcode.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_literals;

struct Text {
  std::string text;
  std::uint64_t replaced = 0;
  std::string encoding;
  std::string note;
};

Text drained(TextSource& source, std::size_t buffer) {
  const Drained result = drain(source, buffer);
  EXPECT_FALSE(result.error);
  return {.text = result.bytes,
          .replaced = source.replaced(),
          .encoding = std::string(source.encoding()),
          .note = std::string(source.note())};
}

Text text(const std::string& bytes, const std::string& encoding, std::size_t piece = SIZE_MAX,
          std::size_t buffer = 4096) {
  auto source = make_text_source(std::make_unique<MemorySource>(bytes, piece), encoding);
  EXPECT_TRUE(source);
  return drained(**source, buffer);
}

Text xml(const std::string& bytes, std::size_t piece = SIZE_MAX) {
  const auto source = make_xml_text_source(std::make_unique<MemorySource>(bytes, piece));
  return drained(*source, 4096);
}

std::string utf16le(std::u16string_view units) {
  std::string bytes;
  for (const char16_t unit : units) {
    bytes += static_cast<char>(unit & 0xFFU);
    bytes += static_cast<char>(unit >> 8U);
  }
  return bytes;
}
std::string utf16be(std::u16string_view units) {
  std::string bytes;
  for (const char16_t unit : units) {
    bytes += static_cast<char>(unit >> 8U);
    bytes += static_cast<char>(unit & 0xFFU);
  }
  return bytes;
}

TEST(TextSource, AutoDropsTheUtf8Mark) {
  EXPECT_EQ(text("\xEF\xBB\xBF#EXTM3U\n", "auto").text, "#EXTM3U\n");
  EXPECT_EQ(text("\xEF\xBB\xBF", "auto").text, "");
}

TEST(TextSource, AutoConvertsUtf16ByItsMark) {
  const std::u16string units = u"\uFEFF#EXTM3U\n#EXTINF:-1,Первый 😀\n";
  EXPECT_EQ(text(utf16le(units), "auto").text, "#EXTM3U\n#EXTINF:-1,Первый 😀\n");
  EXPECT_EQ(text(utf16be(units), "auto").text, "#EXTM3U\n#EXTINF:-1,Первый 😀\n");
  EXPECT_EQ(text(utf16le(units), "").encoding, "UTF-16LE");
}

TEST(TextSource, AutoLeavesEverythingElseUntouched) {
  const std::string bytes = "#EXTM3U\n#EXTINF:-1,Caf\xE9\n\0\xFF"s;
  const Text result = text(bytes, "auto");
  EXPECT_EQ(result.text, bytes);
  EXPECT_EQ(result.replaced, 0U);
  EXPECT_EQ(result.encoding, "UTF-8");
}

TEST(TextSource, ADeclaredEncodingIsConverted) {
  EXPECT_EQ(text("\xCF\xE5\xF0\xE2\xFB\xE9", "windows-1251").text, "Первый");
  EXPECT_EQ(text("\xF0\xC5\xD2\xD7\xD9\xCA", "KOI8-R").text, "Первый");
  EXPECT_EQ(text("Caf\xE9", "iso-8859-1").text, "Café");
  EXPECT_EQ(text("\xA4", "ISO-8859-15").text, "€");
}

TEST(TextSource, Latin1IsReadAsWindows1252) { EXPECT_EQ(text("\x92\x80", "latin1").text, "’€"); }

TEST(TextSource, AMarkIsStrongerThanTheDeclaration) {
  EXPECT_EQ(text("\xEF\xBB\xBF\xC3\xA9", "windows-1251").text, "é");
}

TEST(TextSource, WhatDoesNotConvertIsReplacedAndCounted) {
  // 0x81 is unassigned in windows-1252; 0x98 in windows-1251.
  const Text result = text(
      "a\x81"
      "b\x81",
      "windows-1252");
  EXPECT_EQ(result.text, "a\uFFFDb\uFFFD");
  EXPECT_EQ(result.replaced, 2U);
}

TEST(TextSource, ALoneSurrogateIsReplacedByOne) {
  std::string bytes = utf16le(u"\uFEFFa");
  bytes += "\x00\xDC"s;
  bytes += utf16le(u"b");
  const Text result = text(bytes, "auto");
  EXPECT_EQ(result.text, "a\uFFFDb");
  EXPECT_EQ(result.replaced, 1U);
}

TEST(TextSource, ACharacterCutOffAtTheEndIsReplaced) {
  const Text result = text(utf16le(u"\uFEFFab") + "c", "auto");
  EXPECT_EQ(result.text, "ab\uFFFD");
  EXPECT_EQ(result.replaced, 1U);
}

TEST(TextSource, GivesTheSameInAnyPieces) {
  std::u16string units = u"\uFEFF";
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    units += u"Зж😀a";
    expected += "Зж😀a";
  }
  const std::string bytes = utf16le(units) + "\x00\xDC"s;
  expected += "\uFFFD";
  for (const std::size_t piece : {1U, 3U, 1000U})
    for (const std::size_t buffer : {1U, 2U, 63U, 64U, 65U, 66U, 5000U})
      EXPECT_EQ(text(bytes, "auto", piece, buffer).text, expected) << piece << ' ' << buffer;
}

TEST(TextSource, AnUnknownEncodingIsRefusedWithASuggestion) {
  const auto source = make_text_source(std::make_unique<MemorySource>(""), "windows-1215");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(source.error().message, "unknown encoding 'windows-1215'");
  EXPECT_EQ(source.error().hint.substr(0, 22), "did you mean 'windows-");
  EXPECT_EQ(check_encoding("utf-9").error().hint, "did you mean 'utf-8'?");
}

TEST(TextSource, InstructionsToTheConverterAreNotNames) {
  EXPECT_FALSE(check_encoding("latin1//IGNORE"));
  EXPECT_FALSE(check_encoding("../../x"));
  EXPECT_TRUE(check_encoding("auto"));
  EXPECT_TRUE(check_encoding(""));
  EXPECT_TRUE(check_encoding("utf8"));
}

TEST(TextSource, AnErrorOfTheSourceComesThrough) {
  auto failing = std::make_unique<FailingSource>(std::make_unique<MemorySource>("\xCF\xE5"),
                                                 Error{.code = ErrorCode::kIo, .message = "gone"});
  auto source = make_text_source(std::move(failing), "windows-1251");
  ASSERT_TRUE(source);
  const Drained result = drain(**source);
  EXPECT_EQ(result.bytes, "Пе");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "gone");
}

TEST(XmlTextSource, DeclaredUtf8IsUntouchedEvenWhenInvalid) {
  const std::string bytes = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><tv>\xE9</tv>";
  EXPECT_EQ(xml(bytes).text, bytes);
}

TEST(XmlTextSource, WithoutDeclarationItIsUtf8) {
  EXPECT_EQ(xml("<tv>\xE9</tv>").text, "<tv>\xE9</tv>");
  EXPECT_EQ(xml("").text, "");
}

TEST(XmlTextSource, DeclaredEncodingsAreConverted) {
  EXPECT_EQ(xml("<?xml version='1.0' encoding='ISO-8859-1'?><tv>\xE9</tv>").text,
            "<?xml version='1.0' encoding='ISO-8859-1'?><tv>é</tv>");
  EXPECT_EQ(xml("<?xml version=\"1.0\" encoding = \"Windows-1251\" ?><tv>\xCF</tv>", 1).text,
            "<?xml version=\"1.0\" encoding = \"Windows-1251\" ?><tv>П</tv>");
  EXPECT_EQ(xml("\n <?xml version=\"1.0\" encoding=\"iso-8859-2\"?><tv>\xB1</tv>").text,
            "\n <?xml version=\"1.0\" encoding=\"iso-8859-2\"?><tv>ą</tv>");
}

TEST(XmlTextSource, DeclarationIsFoundBehindWhatAServerPrinted) {
  const std::string warning = "<br />\n<b>Warning</b>: no cache in /srv/epg.php<br />\n";
  const std::string guide = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><tv>\xE9</tv>";
  const std::string converted = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><tv>é</tv>";
  EXPECT_EQ(xml(warning + guide).text, warning + converted);
  EXPECT_EQ(xml(std::string(4000, '.') + guide, 7).text, std::string(4000, '.') + converted);
  EXPECT_EQ(xml(std::string(4096, '.') + guide).text, std::string(4096, '.') + guide);
}

TEST(XmlTextSource, Utf16IsKnownByItsMarkOrItsPattern) {
  const std::u16string text = u"<?xml version=\"1.0\" encoding=\"UTF-16\"?><tv>é</tv>";
  const std::string expected = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><tv>é</tv>";
  EXPECT_EQ(xml(utf16le(u"\uFEFF" + text)).text, expected);
  EXPECT_EQ(xml(utf16be(u"\uFEFF" + text)).text, expected);
  EXPECT_EQ(xml(utf16le(text)).text, expected);
  EXPECT_EQ(xml(utf16be(text)).text, expected);
}

TEST(XmlTextSource, ADeclarationThatCannotBeTrueIsNotedAndIgnored) {
  const std::string bytes = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><tv>é</tv>";
  const Text result = xml(bytes);
  EXPECT_EQ(result.text, bytes);
  EXPECT_EQ(result.note, "it declares UTF-16 but is not; read as UTF-8");
}

TEST(XmlTextSource, AnUnknownEncodingIsNotedAndReadAsUtf8) {
  const std::string bytes = "<?xml version=\"1.0\" encoding=\"x-mine\"?><tv>é</tv>";
  const Text result = xml(bytes);
  EXPECT_EQ(result.text, bytes);
  EXPECT_EQ(result.note, "the declared encoding 'x-mine' is not known; read as UTF-8");
}

TEST(XmlDeclaration, OnlyItsOwnEncodingCounts) {
  EXPECT_EQ(declared_xml_encoding("<?xml version=\"1.0\"?><tv encoding=\"koi8-r\">"), "");
  EXPECT_EQ(declared_xml_encoding("<?xml encoding=koi8-r?>"), "");
  EXPECT_EQ(declared_xml_encoding("<?xml encoding=\"koi8-r?>"), "");
  EXPECT_EQ(declared_xml_encoding("<?xml encoding"), "");
}

}  // namespace
}  // namespace m3u_proxy::io
