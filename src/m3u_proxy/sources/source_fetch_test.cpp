#include <gtest/gtest.h>

#include <m3u_proxy/sources/source_fetch.hpp>

namespace m3u_proxy::sources {
namespace {

TEST(SourceFetch, AProviderMayBeSilentForAMinute) {
  const net::FetchOptions options = source_fetch_options();
  EXPECT_EQ(options.stall_timeout, std::chrono::seconds(60));
  EXPECT_EQ(options.longest, std::chrono::seconds(0));
  EXPECT_LT(net::FetchOptions().stall_timeout, options.stall_timeout);
}

}  // namespace
}  // namespace m3u_proxy::sources
