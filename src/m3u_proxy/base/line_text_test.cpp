#include <gtest/gtest.h>

#include <m3u_proxy/base/line_text.hpp>

namespace m3u_proxy {
namespace {

TEST(LineText, OneLineHasNoControlCharacters) {
  EXPECT_TRUE(is_one_line(""));
  EXPECT_TRUE(is_one_line("Das Erste ~ \xC3\xA9\xF0\x9F\x93\xBA \x80\xFF"));
  for (int c = 0; c < 0x20; ++c)
    EXPECT_FALSE(is_one_line(std::string("a") + static_cast<char>(c) + "b")) << c;
  EXPECT_FALSE(is_one_line("a\x7F"));
}

TEST(LineText, ControlCharactersBecomeBlanks) {
  std::string text("a\r\nb\tc\0d\x7F\x1B \xC3\xA9", 12);
  blank_controls(text);
  EXPECT_EQ(text, "a  b c d   \xC3");
  std::string line("one\ntwo\nthree");
  blank_controls(std::span(line).subspan(4));
  EXPECT_EQ(line, "one\ntwo three");
}

}  // namespace
}  // namespace m3u_proxy
