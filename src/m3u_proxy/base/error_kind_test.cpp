#include <set>

#include <gtest/gtest.h>

#include <m3u_proxy/base/error_kind.hpp>

namespace m3u_proxy {
namespace {

TEST(ErrorKind, StandsAtItsCode) {
  EXPECT_EQ(kind_of(ErrorCode::kInvalidArgument).name, "invalid_argument");
  EXPECT_EQ(kind_of(ErrorCode::kNotFound).http_status, 404);
  EXPECT_EQ(kind_of(ErrorCode::kOverBudget).exit_status, 4);
  EXPECT_EQ(kind_of(ErrorCode::kDiskFull).name, "disk_full");
  EXPECT_EQ(kind_of(ErrorCode::kInternal).name, "internal");
}

TEST(ErrorKind, EachHasANameOfItsOwnAndIsAFailure) {
  std::set<std::string_view> names;
  for (const ErrorKind& kind : kErrorKinds) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_GT(kind.exit_status, 0) << kind.name;
    EXPECT_GE(kind.http_status, 400) << kind.name;
  }
}

}  // namespace
}  // namespace m3u_proxy
