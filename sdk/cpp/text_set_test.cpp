// TextSet against std::set.
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <sdk/cpp/m3u_plugin.hpp>

namespace m3u_proxy::sdk {
namespace {

TEST(TextSet, SaysOfEachTextWhetherItIsNew) {
  std::mt19937 random(7);
  m3u::TextSet texts;
  std::set<std::string> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = i == 5 ? "" : "channel " + std::to_string(random() % 9000);
    ASSERT_EQ(texts.add(m3u::Text(text)), expected.insert(text).second) << text;
  }
  EXPECT_EQ(texts.size(), expected.size());
}

TEST(TextSet, KeepsACopy) {
  m3u::TextSet texts;
  std::string text = "one";
  EXPECT_TRUE(texts.add(m3u::Text(text)));
  text = "two";
  EXPECT_TRUE(texts.add(m3u::Text(text)));
  EXPECT_FALSE(texts.add("one"));
}

TEST(TextSet, ForgetsAll) {
  m3u::TextSet texts;
  EXPECT_TRUE(texts.add("one"));
  texts.reset();
  EXPECT_EQ(texts.size(), 0U);
  EXPECT_TRUE(texts.add("one"));
}

}  // namespace
}  // namespace m3u_proxy::sdk
