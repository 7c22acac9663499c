#include <gtest/gtest.h>

#include <m3u_proxy/api/entities/renaming.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using store::EntityKind;

std::string renamed(EntityKind kind, std::string_view text) {
  auto proxy = config::parse_json(text, "proxy");
  if (!proxy) return "no JSON";
  return rename_in_proxy(*proxy, kind, "old", "new") ? config::to_json(*proxy) : "the same";
}

TEST(Renaming, ConcernsTheListOfTheKindOnly) {
  constexpr std::string_view kText = R"({"filters":["a","old"],"rules":["old"]})";
  EXPECT_EQ(renamed(EntityKind::kFilter, kText), R"({"filters":["a","new"],"rules":["old"]})");
  EXPECT_EQ(renamed(EntityKind::kRule, kText), R"({"filters":["a","old"],"rules":["new"]})");
  EXPECT_EQ(renamed(EntityKind::kEpgSource, kText), "the same");
}

TEST(Renaming, OfASourceConcernsItsRangesToo) {
  EXPECT_EQ(renamed(EntityKind::kSource, R"({"ranges":[{"first":1,"source":"old"}]})"),
            R"({"ranges":[{"first":1,"source":"new"}]})");
  EXPECT_EQ(renamed(EntityKind::kFilter, R"({"ranges":[{"first":1,"source":"old"}]})"), "the same");
}

TEST(Renaming, LeavesPartsOfNamesAlone) {
  EXPECT_EQ(renamed(EntityKind::kSource, R"({"sources":["older"]})"), "the same");
}

}  // namespace
}  // namespace m3u_proxy::api
