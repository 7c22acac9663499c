#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/shared_library.hpp>

namespace m3u_proxy::io {
namespace {

using ::testing::HasSubstr;

TEST(SharedLibrary, FindsAFunctionByItsName) {
  const auto library = SharedLibrary::load("libc.so.6", "");
  ASSERT_TRUE(library.has_value());
  int (*absolute)(int) = nullptr;
  ASSERT_TRUE(library->find("abs", absolute).has_value());
  EXPECT_EQ(absolute(-3), 3);
}

TEST(SharedLibrary, MissingLibraryIsAnErrorWithItsRemedy) {
  const auto library = SharedLibrary::load("libnowhere.so.1", "install nowhere");
  ASSERT_FALSE(library.has_value());
  EXPECT_THAT(library.error().message, HasSubstr("cannot load libnowhere.so.1"));
  EXPECT_EQ(library.error().hint, "install nowhere");
}

TEST(SharedLibrary, MissingFunctionIsAnError) {
  const auto library = SharedLibrary::load("libc.so.6", "install a newer one");
  ASSERT_TRUE(library.has_value());
  int (*missing)() = nullptr;
  const auto found = library->find("no_such_function", missing);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().message, "libc.so.6 has no no_such_function: it is too old");
}

}  // namespace
}  // namespace m3u_proxy::io
