#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using testing::ElementsAre;
using testing::Field;
using Needed = Fields::Needed;

ConfigNode object(std::string_view json) { return config::parse_json(json, "body").value(); }

std::vector<std::string> codes(const Outcome<void>& outcome) {
  std::vector<std::string> out;
  if (!outcome)
    for (const FieldProblem& field : outcome.error().errors)
      out.push_back(field.field + " " + field.code);
  return out;
}

TEST(Fields, GivesValuesOfTheirTypes) {
  const ConfigNode node =
      object(R"({"name":"x","on":true,"n":7,"list":["a","b"],"at":"2026-11-28T18:30:00Z"})");
  Fields fields(node);
  EXPECT_EQ(fields.text("name", Needed::kYes, 10), "x");
  EXPECT_EQ(fields.flag("on", Needed::kYes), true);
  EXPECT_EQ(fields.integer("n", Needed::kYes, 1, 10), 7);
  EXPECT_THAT(fields.texts("list", Needed::kYes, 2).value(), ElementsAre("a", "b"));
  EXPECT_EQ(fields.time("at", Needed::kYes), store::Time(std::chrono::seconds(1795890600)));
  EXPECT_TRUE(fields.finish());
}

TEST(Fields, SaysEverythingThatIsWrong) {
  const ConfigNode node = object(R"({"name":"","long":"abcdef","n":11,"list":[1],"x":1})");
  Fields fields(node, "config.");
  (void)fields.text("name", Needed::kYes, 10);
  (void)fields.text("long", Needed::kNo, 5);
  (void)fields.integer("n", Needed::kNo, 1, 10);
  (void)fields.texts("list", Needed::kNo, 5);
  (void)fields.flag("gone", Needed::kYes);
  EXPECT_THAT(codes(fields.finish()),
              ElementsAre("config.name empty", "config.long too_long", "config.n range",
                          "config.list type", "config.gone required", "config.x unknown"));
}

TEST(Fields, WhatIsNotNeededMayBeMissingOrNull) {
  const ConfigNode node = object(R"({"name":null})");
  Fields fields(node);
  EXPECT_EQ(fields.text("name", Needed::kNo, 10), std::nullopt);
  EXPECT_EQ(fields.table("config", Needed::kNo), nullptr);
  EXPECT_TRUE(fields.finish());
}

http::Request asking(std::string_view query) {
  http::Request request;
  request.query = query;
  return request;
}

TEST(Query, ANumberIsWithinItsBounds) {
  EXPECT_EQ(query_number(asking("limit=5"), "limit", 1, 10, 3).value(), 5);
  EXPECT_EQ(query_number(asking(""), "limit", 1, 10, 3).value(), 3);
  for (const auto* const query : {"limit=11", "limit=0", "limit=5x", "limit=", "limit=%zz%"})
    EXPECT_NE(query_number(asking(query), "limit", 1, 10, 3).value_or(4), 11) << query;
  EXPECT_EQ(query_number(asking("limit=11"), "limit", 1, 10, 3).error().status, 422);
}

http::Request if_match(std::string_view tag) {
  http::Request request;
  request.headers.push_back({.name = "If-Match", .value = tag});
  return request;
}

TEST(Revision, IsTheOneThatTheClientSaw) {
  EXPECT_TRUE(check_revision(if_match("\"7\""), 7));
  EXPECT_TRUE(check_revision(if_match("*"), 7));
  EXPECT_EQ(check_revision(if_match("\"6\""), 7).error().status, 412);
  EXPECT_EQ(check_revision(if_match("W/\"7\""), 7).error().status, 400);
  EXPECT_EQ(check_revision(if_match("nonsense"), 7).error().status, 400);
  EXPECT_EQ(check_revision(http::Request(), 7).error().status, 428);
}

TEST(ProblemAnswer, SaysWhenToComeAgain) {
  const http::Response busy = problem_answer(Problem(503, "not now"));
  EXPECT_NE(busy.fields.find("Retry-After: 2\r\n"), std::string::npos);
  const http::Response plain = problem_answer(Problem(
      Error{.code = ErrorCode::kNotFound, .message = "there is no \"x\"", .hint = "make one"}));
  EXPECT_EQ(plain.status, 404);
  EXPECT_EQ(std::get<std::string>(plain.body),
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
            "\"detail\":\"there is no \\\"x\\\"\",\"hint\":\"make one\"}\n");
}

}  // namespace
}  // namespace m3u_proxy::api
