#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <simdjson.h>

#include <m3u_proxy/base/json_writer.hpp>

namespace m3u_proxy {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, WritesCommasAndColons) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("name", "One")
      .member("number", 7)
      .key("list")
      .begin_array()
      .value(1)
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .null()
      .value(true)
      .raw("[1]")
      .end_array()
      .member("none", std::optional<int>())
      .member("some", std::optional<std::string_view>("x"))
      .end_object();
  EXPECT_EQ(out,
            R"({"name":"One","number":7,"list":[1,{},[],null,true,[1]],"none":null,"some":"x"})");
}

TEST(JsonWriter, WritesIntoAnyMemory) {
  std::pmr::string out;
  JsonWriter json(out);
  json.begin_array().value("a\"").value(0.5).end_array();
  EXPECT_EQ(out, R"(["a\"",0.5])");
}

TEST(JsonWriter, NumbersReadBackToTheSame) {
  std::string out;
  JsonWriter json(out);
  json.begin_array()
      .value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(0.1)
      .value(1e300)
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,0.1,1e+300,null,null]");
}

TEST(JsonWriter, EscapesWhatHasToBe) {
  EXPECT_EQ(json_of("a\"b\\c\n\r\t\x01\x1f\x7f/"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\x7f/\"");
  EXPECT_EQ(json_of("Ärger 日本 🎬"), "\"Ärger 日本 🎬\"");
  EXPECT_EQ(json_of(std::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(JsonWriter, BytesThatAreNoUtf8BecomeReplacements) {
  EXPECT_EQ(json_of("a\xff\xc3"), "\"a\uFFFD\uFFFD\"");
  EXPECT_EQ(json_of("\xed\xa0\x80\"ä"), "\"\uFFFD\uFFFD\uFFFD\\\"ä\"");
}

TEST(JsonWriter, AnyTextReadsBack) {
  std::mt19937 random(3);
  simdjson::dom::parser parser;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (std::size_t k = random() % 70; k > 0; --k)
      text += random() % 4 == 0 ? "\"\\\n\x01"[random() % 4] : static_cast<char>(random() % 128);
    std::string_view back;
    ASSERT_EQ(parser.parse(json_of(text)).get(back), simdjson::SUCCESS);
    ASSERT_EQ(back, text);
  }
}

}  // namespace
}  // namespace m3u_proxy
