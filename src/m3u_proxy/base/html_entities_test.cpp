#include <gtest/gtest.h>

#include <m3u_proxy/base/html_entities.hpp>

namespace m3u_proxy {
namespace {

TEST(HtmlEntities, NamesOfTheHtmlStandardGiveTheirCharacters) {
  EXPECT_EQ(html_entity("eacute"), "é");
  EXPECT_EQ(html_entity("Eacute"), "É");
  EXPECT_EQ(html_entity("nbsp"), "\xC2\xA0");
  EXPECT_EQ(html_entity("hellip"), "…");
  EXPECT_EQ(html_entity("AElig"), "Æ");
  EXPECT_EQ(html_entity("zwnj"), "\xE2\x80\x8C");
  EXPECT_EQ(html_entity("euro"), "€");
}

TEST(HtmlEntities, OtherNamesHaveNone) {
  EXPECT_EQ(html_entity(""), "");
  EXPECT_EQ(html_entity("bogus"), "");
  EXPECT_EQ(html_entity("EACUTE"), "");
  EXPECT_EQ(html_entity("zzzzzz"), "");
}

}  // namespace
}  // namespace m3u_proxy
