#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::http {
namespace {

using ::testing::HasSubstr;

Response nothing(Request& /*request*/) { return {}; }

/// "pattern name=value …", or "405 allowed", or "404".
std::string matched(const Router& router, Method method, std::string_view path) {
  std::vector<Parameter> parameters;
  const auto match = router.match(method, path, parameters);
  if (match.route == nullptr) return match.allowed.empty() ? "404" : "405 " + match.allowed;
  std::string text = match.route->pattern;
  for (const Parameter& parameter : parameters)
    text += " " + std::string(parameter.name) + "=" + parameter.value;
  return text;
}

TEST(Router, LiteralWinsOverParameterOverRest) {
  Router router;
  for (const char* pattern :
       {"/", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/d", "/{rest...}", "/f/{p...}"})
    ASSERT_TRUE(router.add(Method::kGet, pattern, nothing)) << pattern;
  const auto get = [&](std::string_view path) { return matched(router, Method::kGet, path); };
  EXPECT_EQ(get("/"), "/");
  EXPECT_EQ(get("/a/b"), "/a/b");
  EXPECT_EQ(get("/a/z"), "/a/{x} x=z");
  EXPECT_EQ(get("/a/b/c"), "/a/{x}/c x=b");
  EXPECT_EQ(get("/a/b/d"), "/a/b/d");
  EXPECT_EQ(get("/a/b/e"), "/{rest...} rest=a/b/e");
  EXPECT_EQ(get("/a/"), "/{rest...} rest=a/");
  EXPECT_EQ(get("/f/"), "/f/{p...} p=");
  EXPECT_EQ(get("/f/g/h"), "/f/{p...} p=g/h");
  EXPECT_EQ(get("/a/z%20%2F1"), "/a/{x} x=z /1");
}

TEST(Router, TellsWhatIsAllowed) {
  Router router;
  ASSERT_TRUE(router.add(Method::kPut, "/a/{x}", nothing));
  ASSERT_TRUE(router.add(Method::kGet, "/a/{x}", nothing));
  EXPECT_EQ(matched(router, Method::kDelete, "/a/1"), "405 GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(matched(router, Method::kHead, "/a/1"), "/a/{x} x=1");
  EXPECT_EQ(matched(router, Method::kGet, "/b"), "404");
  EXPECT_EQ(matched(router, Method::kGet, "*"), "404");
}

TEST(Router, MethodsOfOneAddressMayNameItsParametersDifferently) {
  Router router;
  ASSERT_TRUE(router.add(Method::kGet, "/a/{x}", nothing));
  ASSERT_TRUE(router.add(Method::kPut, "/a/{y}", nothing));
  EXPECT_EQ(matched(router, Method::kPut, "/a/1"), "/a/{y} y=1");
  EXPECT_EQ(matched(router, Method::kGet, "/a/1"), "/a/{x} x=1");
}

TEST(Router, RefusesPatternsThatAreNone) {
  Router router;
  ASSERT_TRUE(router.add(Method::kGet, "/a/{x}", nothing));
  EXPECT_THAT(router.add(Method::kGet, "/a/{y}", nothing).error().message,
              HasSubstr("is there already"));
  for (const char* pattern : {"", "a", "/{}", "/{...}", "/{x...}/a", "/{x}/{x}"})
    EXPECT_FALSE(router.add(Method::kGet, pattern, nothing)) << pattern;
}

}  // namespace
}  // namespace m3u_proxy::http
