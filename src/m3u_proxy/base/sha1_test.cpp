#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/sha1.hpp>

namespace m3u_proxy {
namespace {

std::string hex(const Sha1Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

/// The examples of FIPS 180-4 and RFC 3174.
TEST(Sha1, HashesWhatTheStandardShows) {
  EXPECT_EQ(hex(sha1({}, "")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1({}, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1({}, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex(sha1({}, std::string(1'000'000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, IsTheSameByInstructionsAsWithout) {
  if (!detail::has_sha_instructions()) GTEST_SKIP() << "this processor has none";
  std::string text;
  for (std::size_t size = 0; size < 400; ++size) {
    for (const std::size_t cut : {std::size_t{0}, size / 3, size}) {
      const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
      const std::span prefix(bytes, cut);
      const std::string_view rest = std::string_view(text).substr(cut);
      ASSERT_EQ(detail::sha1_by_instructions(prefix, rest), detail::sha1_by_boost(prefix, rest))
          << size << " bytes, cut at " << cut;
    }
    text.push_back(static_cast<char>(size * 37 + 11));
  }
}

}  // namespace
}  // namespace m3u_proxy
