#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/outputs/cross_origin.hpp>

namespace m3u_proxy::outputs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string fields_for(std::vector<std::string> allowed, std::string_view origin) {
  http::AddressPolicy policy;
  policy.allowed_origins = std::move(allowed);
  http::Request request;
  if (!origin.empty()) request.headers.push_back({.name = "origin", .value = origin});
  http::Response response;
  allow_origin(policy, request, response);
  return response.fields;
}

TEST(CrossOrigin, NothingIsAllowedThatIsNotNamed) {
  EXPECT_EQ(fields_for({}, "https://tv.example"), "");
  for (const std::string_view other :
       {"https://evil.example", "http://tv.example", "https://tv.example:8443", "null",
        "https://tv.example.evil.example", "https://eviltv.example", ""})
    EXPECT_EQ(fields_for({"https://tv.example"}, other), "Vary: Origin\r\n") << other;
}

TEST(CrossOrigin, ANamedOriginIsTold) {
  EXPECT_THAT(fields_for({"https://a.example", "https://tv.example"}, "https://tv.example"),
              AllOf(HasSubstr("Access-Control-Allow-Origin: https://tv.example\r\n"),
                    HasSubstr("Vary: Origin\r\n"), Not(HasSubstr("Credentials"))));
}

TEST(CrossOrigin, AllMayBe) {
  EXPECT_THAT(fields_for({"*"}, "https://tv.example"),
              AllOf(HasSubstr("Access-Control-Allow-Origin: *\r\n"), Not(HasSubstr("Vary"))));
}

}  // namespace
}  // namespace m3u_proxy::outputs
