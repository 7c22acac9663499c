#include <gtest/gtest.h>

#include <m3u_proxy/base/web_page.hpp>

namespace m3u_proxy {
namespace {

TEST(WebPage, IsKnownByItsDoctypeOrItsFirstTag) {
  EXPECT_TRUE(is_web_page("<!DOCTYPE html><html>"));
  EXPECT_TRUE(is_web_page("\xEF\xBB\xBF\r\n <HTML lang=de>"));
  EXPECT_TRUE(is_web_page("<head><title>"));
  EXPECT_TRUE(is_web_page("<body\nclass=\"x\">"));
  EXPECT_TRUE(is_web_page("<html"));
}

TEST(WebPage, ListsGuidesAndOtherTagsAreNone) {
  for (const char* text : {"#EXTM3U\n<html>", "<?xml version=\"1.0\"?><tv>", "<!DOCTYPE tv>",
                           "<tv>", "<headers>", "<htmlish/>", "{\"error\":1}", "", "\x1F\x8B\x08"})
    EXPECT_FALSE(is_web_page(text)) << text;
}

}  // namespace
}  // namespace m3u_proxy
