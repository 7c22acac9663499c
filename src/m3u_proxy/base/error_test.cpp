#include <cerrno>

#include <gtest/gtest.h>

#include <m3u_proxy/base/error.hpp>

namespace m3u_proxy {
namespace {

TEST(Error, ALineThatNamesTheSourceDoesNotNameItAgain) {
  const Error error{.code = ErrorCode::kNotFound,
                    .message = "cannot open x",
                    .where = {.source = "tv", .line = 3}};
  EXPECT_EQ(to_string(error), "tv:3: cannot open x");
  EXPECT_EQ(to_string(error, "radio"), "tv:3: cannot open x");
  EXPECT_EQ(to_string(error, "tv"), "3: cannot open x");
}

TEST(Error, ADiskWithoutRoomHasACodeOfItsOwn) {
  for (const int full : {ENOSPC, EDQUOT, EFBIG}) {
    const Error error = system_error("cannot write x", full);
    EXPECT_EQ(error.code, ErrorCode::kDiskFull);
    EXPECT_EQ(error.hint, "free some disk space or choose another folder");
  }
  EXPECT_EQ(system_error("cannot write x", EIO).code, ErrorCode::kIo);
  EXPECT_EQ(system_error("cannot open x", ENOENT).code, ErrorCode::kNotFound);
}

TEST(Error, MemoryDiskAndARequestToStopEndTheJob) {
  const auto ends = [](ErrorCode code) { return ends_the_job({.code = code, .message = "x"}); };
  EXPECT_TRUE(ends(ErrorCode::kOverBudget));
  EXPECT_TRUE(ends(ErrorCode::kDiskFull));
  EXPECT_TRUE(ends(ErrorCode::kCancelled));
  EXPECT_FALSE(ends(ErrorCode::kIo));
  EXPECT_FALSE(ends(ErrorCode::kNetwork));
}

}  // namespace
}  // namespace m3u_proxy
