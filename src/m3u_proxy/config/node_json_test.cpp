#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::config {
namespace {

using testing::HasSubstr;

std::string round_trip(std::string_view json) {
  const auto node = parse_json(json, "body");
  EXPECT_TRUE(node) << json << ": " << node.error().message;
  return node ? to_json(*node) : "";
}

TEST(NodeJson, ATableOfTomlReadsBackFromItsJson) {
  const auto toml = parse_toml(
      "name = \"tv\"\nurl = \"http://h/\\\"x\\\"\"\nheaders = { b = \"2\", a = \"1\" }\n"
      "days = 7\nshare = 0.5\nfill = true\nlist = [1, 2]\nday = 2026-01-02\n",
      "file");
  ASSERT_TRUE(toml);
  const std::string json = to_json(*toml);
  EXPECT_EQ(json, R"({"day":"2026-01-02","days":7,"fill":true,"headers":{"a":"1","b":"2"},)"
                  R"("list":[1,2],"name":"tv","share":0.5,"url":"http://h/\"x\""})");
  EXPECT_EQ(round_trip(json), json);
}

TEST(NodeJson, TheOrderOfMembersDoesNotMatter) {
  EXPECT_EQ(round_trip(R"({"b":1,"a":2})"), round_trip(R"({ "a": 2, "b": 1 })"));
}

TEST(NodeJson, NullIsLeftOut) { EXPECT_EQ(round_trip(R"({"a":null,"b":1})"), R"({"b":1})"); }

TEST(NodeJson, NumbersKeepTheirKind) {
  EXPECT_EQ(parse_json("1", "body")->kind, ConfigNode::Kind::kInteger);
  EXPECT_EQ(parse_json("1.0", "body")->kind, ConfigNode::Kind::kNumber);
  EXPECT_EQ(parse_json("-9223372036854775808", "body")->integer, INT64_MIN);
  EXPECT_EQ(parse_json("18446744073709551615", "body")->kind, ConfigNode::Kind::kNumber);
}

TEST(NodeJson, AMistakeHasItsPlace) {
  const auto node = parse_json("{\"a\": 1,\n \"b\" 2}", "body");
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code, ErrorCode::kConfig);
  EXPECT_EQ(node.error().where.line, 2U);
  EXPECT_EQ(node.error().where.column, 6U);
}

TEST(NodeJson, WhatIsNestedTooDeeplyIsRefused) {
  const auto node = parse_json(std::string(100'000, '['), "body");
  ASSERT_FALSE(node);
  const auto closed = parse_json(std::string(100, '[') + std::string(100, ']'), "body");
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, HasSubstr("too deeply"));
}

}  // namespace
}  // namespace m3u_proxy::config
