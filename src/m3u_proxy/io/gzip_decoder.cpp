#include <algorithm>
#include <cstdint>
#include <new>

#include <isa-l/igzip_lib.h>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/io/decoders.hpp>

namespace m3u_proxy::io {
namespace {

constexpr std::size_t kMaxPiece = std::size_t{1} << 30U;  // ISA-L counts in 32 bits

std::string_view describe(int code) {
  switch (code) {
    case ISAL_INVALID_BLOCK:
      return "an invalid block";
    case ISAL_INVALID_SYMBOL:
      return "an invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "a reference to before its start";
    case ISAL_INVALID_WRAPPER:
      return "an invalid header";
    case ISAL_UNSUPPORTED_METHOD:
      return "an unknown method";
    case ISAL_INCORRECT_CHECKSUM:
      return "the checksum is wrong";
    default:
      return "not what gzip writes";
  }
}

class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(Buffer memory) : memory_(std::move(memory)) {
    state_ = new (memory_.data()) inflate_state;
    isal_inflate_init(state_);
    state_->crc_flag = ISAL_GZIP;
  }

  Step decode(std::span<const char> input, std::span<char> output) override {
    const auto in = static_cast<std::uint32_t>(std::min(input.size(), kMaxPiece));
    const auto out = static_cast<std::uint32_t>(std::min(output.size(), kMaxPiece));
    // ISA-L only reads through next_in; its interface predates const.
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
    state_->avail_in = in;
    state_->next_out = reinterpret_cast<std::uint8_t*>(output.data());
    state_->avail_out = out;
    const int code = isal_inflate(state_);
    Step step{.consumed = in - state_->avail_in, .produced = out - state_->avail_out};
    step.member_ended = code == ISAL_DECOMP_OK && state_->block_state == ISAL_BLOCK_FINISH;
    if (code != ISAL_DECOMP_OK) step.error = damaged(Compression::kGzip, describe(code));
    return step;
  }

  Result<> restart() override {
    isal_inflate_reset(state_);
    state_->crc_flag = ISAL_GZIP;
    return {};
  }

 private:
  Buffer memory_;
  inflate_state* state_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_gzip_decoder(memory::Budget& budget) {
  M3U_TRY(Buffer memory, Buffer::allocate(budget, memory::Tag::kInput, sizeof(inflate_state)));
  return std::make_unique<GzipDecoder>(std::move(memory));
}

}  // namespace m3u_proxy::io
