#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/memory/memory_testing.hpp>
#include <m3u_proxy/store/passwords.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SecretKeyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/m3u-proxy-key-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "secret.key"; }

  std::filesystem::path folder_;
};

TEST_F(SecretKeyTest, IsMadeOnceForTheOwnerOnlyAndReadAgain) {
  const auto made = SecretKey::open(folder_);
  ASSERT_TRUE(made.has_value()) << to_string(made.error());
  EXPECT_EQ(std::filesystem::status(file()).permissions(), std::filesystem::perms(0600));
  const auto again = SecretKey::open(folder_);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(made->id(), again->id());
  EXPECT_EQ(made->id().size(), 16U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(SecretKeyTest, ProcessesThatMakeItAtOnceGetTheSame) {
  std::array<std::string, 4> ids;
  {
    std::vector<std::jthread> makers;
    for (std::string& id : ids)
      makers.emplace_back([&] { id = SecretKey::open(folder_).value().id(); });
  }
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
}

TEST_F(SecretKeyTest, FileThatIsNoKeyIsNeverReplaced) {
  std::ofstream(file()) << "m3u-proxy-key-1 short\n";
  const auto refused = SecretKey::open(folder_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kParse);
  EXPECT_THAT(refused.error().hint, HasSubstr("from a backup"));
}

TEST_F(SecretKeyTest, AFolderAdoptsAKeyOfAnotherOne) {
  const std::filesystem::path given = folder_ / "given";
  std::filesystem::create_directory(given);
  const std::string id = SecretKey::open(given).value().id();
  const std::filesystem::path file = given / "secret.key";
  ASSERT_TRUE(SecretKey::adopt(folder_, file));
  ASSERT_TRUE(SecretKey::adopt(folder_, file)) << "it has it already";
  EXPECT_EQ(SecretKey::open(folder_).value().id(), id);

  std::filesystem::remove(file);
  EXPECT_EQ(SecretKey::adopt(folder_, file).error().code, ErrorCode::kNotFound);
  ASSERT_NE(SecretKey::open(given).value().id(), id) << "a new one";
  const auto refused = SecretKey::adopt(folder_, file);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(SecretKey::open(folder_).value().id(), id);
}

TEST_F(SecretKeyTest, AKeyMayBeGivenByAPipe) {
  const std::filesystem::path given = folder_ / "given";
  std::filesystem::create_directory(given);
  const std::string id = SecretKey::open(given).value().id();
  std::string line;
  std::getline(std::ifstream(given / "secret.key"), line);
  const std::filesystem::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::jthread writer([&] { std::ofstream(pipe) << line << '\n'; });
  ASSERT_TRUE(SecretKey::adopt(folder_, pipe));
  EXPECT_EQ(SecretKey::open(folder_).value().id(), id);
}

TEST_F(SecretKeyTest, FileThatOthersMayReadIsWarnedOf) {
  ASSERT_TRUE(SecretKey::open(folder_).has_value());
  std::filesystem::permissions(file(), std::filesystem::perms(0644));
  const memory::testing::CapturedLog log("warn");
  ASSERT_TRUE(SecretKey::open(folder_).has_value());
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_THAT(log.lines[0], HasSubstr("can be read by others"));
}

TEST_F(SecretKeyTest, MissingFolderIsAnError) {
  EXPECT_FALSE(SecretKey::open(folder_ / "no" / "where").has_value());
}

TEST(SecretKey, SealedTextOpensWithTheSameKeyAndContextOnly) {
  const SecretKey key = SecretKey::of_bytes(std::string(32, 'k')).value();
  const std::string sealed = key.seal("id 1", "http://h/?password=hunter2\n").value();
  EXPECT_THAT(sealed, Not(HasSubstr("hunter2")));
  EXPECT_EQ(key.open("id 1", sealed).value(), "http://h/?password=hunter2\n");
  EXPECT_NE(key.seal("id 1", "http://h/?password=hunter2\n").value(), sealed);
  EXPECT_FALSE(key.open("id 2", sealed).has_value());
  EXPECT_FALSE(key.open("id", sealed).has_value());
  const SecretKey other = SecretKey::of_bytes(std::string(32, 'o')).value();
  EXPECT_NE(other.id(), key.id());
  EXPECT_FALSE(other.open("id 1", sealed).has_value());
  std::string changed = sealed;
  changed[40] = changed[40] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(key.open("id 1", changed).has_value());
  for (const std::string& broken :
       {std::string(), std::string("short"), std::string("not base64!")})
    EXPECT_EQ(key.open("id 1", broken).error().code, ErrorCode::kParse);
  EXPECT_EQ(key.open("", key.seal("", "").value()).value(), "");
}

TEST(SecretKey, SignsForOnePurposeAndByItself) {
  const SecretKey key = SecretKey::of_bytes(std::string(32, 'k')).value();
  const SecretKey other = SecretKey::of_bytes(std::string(32, 'o')).value();
  const std::string made = key.sign("csrf token", "anna").value();
  EXPECT_EQ(made.size(), 64U);
  EXPECT_EQ(key.sign("csrf token", "anna").value(), made);
  EXPECT_NE(key.sign("csrf token", "eve").value(), made);
  EXPECT_NE(key.sign("another", "anna").value(), made);
  EXPECT_NE(other.sign("csrf token", "anna").value(), made);
}

TEST(SecretKey, HasThirtyTwoBytes) {
  EXPECT_EQ(SecretKey::of_bytes("short").error().code, ErrorCode::kInvalidArgument);
}

TEST(Tokens, AreLongRandomAndFitIntoAnAddress) {
  const std::string token = make_token().value();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_THAT(token, ::testing::MatchesRegex("[A-Za-z0-9_-]+"));
  EXPECT_NE(make_token().value(), token);
}

TEST(Tokens, HashIsBlake2bOfThem) {
  // RFC 7693's function with 32 bytes of output, as b2sum -l 256 has it.
  EXPECT_EQ(hash_token("abc").value(),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(Tokens, SecretsAreComparedWhole) {
  EXPECT_TRUE(equal_secrets("abc", "abc").value());
  EXPECT_FALSE(equal_secrets("abc", "abd").value());
  EXPECT_FALSE(equal_secrets("abc", "abcd").value());
  EXPECT_TRUE(equal_secrets("", "").value());
}

/// An unreadable half tells who looks into it: a comparison that ended at the first difference
/// would get away with either.
TEST(TokensDeathTest, SecretsAreReadToTheirEndsWhereverTheyDiffer) {
  const auto half = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const memory =
      ::mmap(nullptr, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  char* const begin = static_cast<char*>(memory);
  const std::string_view secret(begin, 2 * half);
  std::string at_first(2 * half, '\0');
  std::string at_last = at_first;
  EXPECT_TRUE(equal_secrets(at_first, secret).value());
  at_first.front() = 'x';
  at_last.back() = 'x';
  EXPECT_FALSE(equal_secrets(at_first, secret).value());
  EXPECT_FALSE(equal_secrets(at_last, secret).value());
  ASSERT_EQ(::mprotect(begin + half, half, PROT_NONE), 0);
  EXPECT_DEATH(static_cast<void>(equal_secrets(at_first, secret)), "");
  ASSERT_EQ(::mprotect(begin + half, half, PROT_READ), 0);
  ASSERT_EQ(::mprotect(begin, half, PROT_NONE), 0);
  EXPECT_DEATH(static_cast<void>(equal_secrets(at_last, secret)), "");
  ::munmap(memory, 2 * half);
}

TEST(Passwords, RightOneIsVerifiedAndNoOther) {
  memory::Budget budget;
  Passwords passwords(budget);
  const std::string hash = passwords.hash("correct horse").value();
  EXPECT_THAT(hash, StartsWith("$argon2id$v=19$m=12288,t=3,p=1$"));
  EXPECT_TRUE(passwords.verify("correct horse", hash).value());
  EXPECT_FALSE(passwords.verify("correct hors", hash).value());
  EXPECT_FALSE(passwords.verify(std::string(5000, 'x'), hash).value());
  EXPECT_NE(passwords.hash("correct horse").value(), hash);
  EXPECT_EQ(budget.used(), Bytes{});
  EXPECT_EQ(budget.peak(memory::Tag::kStore), mib(12));
}

TEST(Passwords, SmallLimitMeansLessMemoryAndMorePasses) {
  memory::Budget small(mib(48));
  Passwords passwords(small);
  const std::string hash = passwords.hash("x").value();
  EXPECT_THAT(hash, StartsWith("$argon2id$v=19$m=7168,t=5,p=1$"));
  EXPECT_FALSE(passwords.needs_new_hash(hash).value());
  memory::Budget large(mib(512));
  Passwords later(large);
  EXPECT_TRUE(later.verify("x", hash).value());
  EXPECT_TRUE(later.needs_new_hash(hash).value());
}

TEST(Passwords, WithoutMemoryTheAnswerIsThatAndNotThatItIsWrong) {
  memory::Budget budget(mib(4));
  Passwords passwords(budget);
  EXPECT_EQ(passwords.hash("x").error().code, ErrorCode::kOverBudget);
  memory::Budget large;
  const std::string hash = Passwords(large).hash("x").value();
  EXPECT_EQ(passwords.verify("x", hash).error().code, ErrorCode::kOverBudget);
}

TEST(Passwords, WhatIsNoHashOfOursIsRefusedBeforeItTakesMemory) {
  memory::Budget budget;
  Passwords passwords(budget);
  for (const std::string hash :
       {"", "plain", "$argon2id$v=19$m=99999999,t=1,p=1$AA$AA", "$argon2id$v=19$m=,t=1,p=1$AA$AA"})
    EXPECT_EQ(passwords.verify("x", hash).error().code, ErrorCode::kParse) << hash;
  EXPECT_EQ(passwords.hash("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(passwords.hash(std::string(1025, 'x')).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace m3u_proxy::store
