#include <gtest/gtest.h>

#include <m3u_proxy/store/postgres/postgres_error.hpp>

namespace m3u_proxy::store::postgres {
namespace {

ErrorCode code_of(std::string_view state) { return error_of("db", state, "text").code; }

TEST(PostgresError, StatesBecomeOurCodes) {
  EXPECT_EQ(code_of("23505"), ErrorCode::kConflict);
  EXPECT_EQ(code_of("23503"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of("53100"), ErrorCode::kDiskFull);
  EXPECT_EQ(code_of("57P01"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of("40P01"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of("28P01"), ErrorCode::kConfig);
  EXPECT_EQ(code_of("3D000"), ErrorCode::kConfig);
  EXPECT_EQ(code_of("42601"), ErrorCode::kInternal);
  EXPECT_EQ(code_of("XX001"), ErrorCode::kIo);
  EXPECT_EQ(code_of(""), ErrorCode::kUnavailable);
}

TEST(PostgresError, MessageIsOneLineThatNamesThePlace) {
  EXPECT_EQ(error_of("postgresql://h:1/d", "57P03", "FATAL:  starting up\n").message,
            "postgresql://h:1/d: FATAL:  starting up");
}

TEST(PostgresError, DeadlocksAndCollisionsAreRepeated) {
  EXPECT_TRUE(is_to_repeat("40001"));
  EXPECT_TRUE(is_to_repeat("40P01"));
  EXPECT_FALSE(is_to_repeat("23505"));
}

}  // namespace
}  // namespace m3u_proxy::store::postgres
