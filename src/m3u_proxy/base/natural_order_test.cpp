#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/natural_order.hpp>

namespace m3u_proxy {
namespace {

std::string key(std::string_view text) {
  std::string out;
  append_natural_key(folded(text), out);
  return out;
}

std::vector<std::string> in_order(std::vector<std::string> texts) {
  std::ranges::sort(texts, {}, key);
  return texts;
}

TEST(NaturalOrder, DigitsByTheirValue) {
  EXPECT_THAT(in_order({"Sport 10", "Sport 2", "Sport", "Sport 1 HD", "Sport 1"}),
              testing::ElementsAre("Sport", "Sport 1", "Sport 1 HD", "Sport 2", "Sport 10"));
  EXPECT_THAT(in_order({"5.10", "5.9", "5", "10.1"}),
              testing::ElementsAre("5", "5.9", "5.10", "10.1"));
  EXPECT_THAT(in_order({"a1b10", "a1b9", "a01b2", "a0"}),
              testing::ElementsAre("a0", "a01b2", "a1b9", "a1b10"));
  const std::string nines(300, '9');
  EXPECT_LT(key(nines), key("1" + std::string(300, '0')));
  EXPECT_THAT(in_order({"b", "1", " x", "٣", "２"}),
              testing::ElementsAre(" x", "1", "２", "٣", "b"));
}

TEST(NaturalOrder, LettersByTheirBase) {
  EXPECT_THAT(in_order({"Zoo", "Élan", "Elba", "ekran", "Ełk"}),
              testing::ElementsAre("ekran", "Élan", "Elba", "Ełk", "Zoo"));
  EXPECT_EQ(key("Łódź Ærø ﬁlm ＨＤ ᴴᴰ Straße"), key("lodz aero film hd hd strasse"));
  EXPECT_EQ(key("e\u0301"), key("é")) << "however the accent is written";
  EXPECT_EQ(key("Ёж"), key("еж"));
  EXPECT_LT(key("ива"), key("йод"));
  EXPECT_LT(key("ия"), key("йа")) << "й is a letter of its own";
  EXPECT_EQ(key("a\u00A0b"), key("a b"));
}

TEST(NaturalOrder, OtherBytesCountAsTheyAre) {
  EXPECT_EQ(key("\xFFz\x80"), "\xFFz\x80");
  EXPECT_EQ(key("日本"), "日本");
  EXPECT_EQ(key(""), "");
}

}  // namespace
}  // namespace m3u_proxy
