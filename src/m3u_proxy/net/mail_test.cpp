#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/net/mail.hpp>

namespace m3u_proxy::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

MailMessage message(std::string subject, std::string text) {
  return {.from = "tv@example.org",
          .to = {"me@example.org", "you@example.org"},
          .subject = std::move(subject),
          .text = std::move(text),
          .time = 1'795'867'200};
}

TEST(Mail, GoesOnlyWhereTheGuardLetsIt) {
  const auto nobody = std::make_shared<const AddressGuard>(std::vector<Cidr>());
  const auto sent = send_mail({.url = "smtp://me:secret@127.0.0.1:1", .guard = nobody},
                              message("x", "y"), nullptr);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().message,
            "'smtp://***@127.0.0.1:1' is on this machine or in a private network");
}

TEST(Mail, HasTheFieldsThatMailNeeds) {
  EXPECT_THAT(mail_text(message("All is well", "Nothing happened.\n")),
              StartsWith("Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nFrom: tv@example.org\r\n"
                         "To: me@example.org, you@example.org\r\nSubject: All is well\r\n"));
}

TEST(Mail, OtherLettersAndLongLinesAreEncoded) {
  const std::string text = mail_text(message("Žluťoučký kůň", std::string(200, 'x') + " č=1\n"));
  EXPECT_THAT(text, HasSubstr("Subject: =?UTF-8?Q?=C5=BDlu=C5=A5ou"));
  EXPECT_THAT(text, HasSubstr("=C4=8D=3D1\r\n"));
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find("\r\n", begin)) != std::string::npos; begin = end + 2)
    EXPECT_LE(end - begin, 78U);
}

TEST(Mail, ASubjectCannotAddFields) {
  EXPECT_EQ(mail_text(message("a\r\nBcc: x@example.org", "")).find("\r\nBcc"), std::string::npos);
}

TEST(Mail, NeedsAddresses) {
  MailMessage wrong = message("a", "b");
  wrong.to = {"nobody"};
  EXPECT_EQ(send_mail({.url = "smtp://127.0.0.1:1"}, wrong, nullptr).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace m3u_proxy::net
