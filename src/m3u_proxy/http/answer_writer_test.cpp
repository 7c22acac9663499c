#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include <m3u_proxy/http/answer_writer.hpp>

namespace m3u_proxy::http {
namespace {

/// Takes everything, and remembers what was last said of what follows.
class Listening final : public Channel {
 public:
  Transfer handshake() override { return {.state = Transfer::State::kMoved, .bytes = 0}; }
  Transfer read(std::span<char> /*buffer*/) override { return {}; }
  Transfer write(std::string_view bytes, More more) override {
    received_ += bytes;
    last_ = more;
    return {.state = Transfer::State::kMoved, .bytes = bytes.size()};
  }
  Transfer send_file(const FileRange& /*range*/) override { return {}; }
  void finish() override {}

  [[nodiscard]] const std::string& received() const { return received_; }
  /// Whether the kernel was told to wait for more.
  [[nodiscard]] bool waits() const { return last_ == More::kFollows; }

 private:
  std::string received_;
  More last_ = More::kFollows;
};

TEST(AnswerWriter, TheLastBytesOfABodyWaitForNothing) {
  // Around what is gathered (4 KB a piece, 16 KB in all) and what is sent in one turn (256 KB).
  for (const std::size_t size : {1U, 4096U, 4097U, 16384U, 16385U, 262144U, 262145U, 600000U}) {
    for (const std::size_t parts : {1U, 2U, 7U}) {
      auto body = std::make_unique<PieceList>();
      const std::string text(size, 'x');
      for (std::size_t i = 0; i < parts; ++i) body->add(text);
      AnswerWriter writer;
      writer.start("head\r\n\r\n", std::move(body));
      Listening channel;
      AnswerWriter::State state = AnswerWriter::State::kTurn;
      while (state == AnswerWriter::State::kTurn) state = writer.step(channel);
      EXPECT_EQ(state, AnswerWriter::State::kDone);
      EXPECT_EQ(channel.received().size(), 8 + size * parts);
      EXPECT_FALSE(channel.waits()) << size << " bytes, " << parts << " times";
    }
  }
}

#ifndef M3U_PROXY_SANITIZED  // whose allocator this does not see
/// What the allocator has given out, in bytes.
std::size_t allocated() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(AnswerWriter, AfterATextItRestsWithoutMemory) {
  constexpr std::size_t kSize = 200'000;
  AnswerWriter writer;
  writer.start("head\r\n\r\n", std::string(kSize, 'x'));
  Listening channel;
  ASSERT_EQ(writer.step(channel), AnswerWriter::State::kDone);
  const std::size_t before = allocated();
  const std::string buffer = writer.stop();
  EXPECT_LE(allocated() + kSize, before);
}
#endif

}  // namespace
}  // namespace m3u_proxy::http
