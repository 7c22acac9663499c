#include <algorithm>
#include <array>
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
      return "no deflated data";
  }
}

std::uint32_t flag_of(DeflateFrame frame) {
  switch (frame) {
    case DeflateFrame::kGzip:
      return ISAL_GZIP;
    case DeflateFrame::kZlib:
      return ISAL_ZLIB;
    case DeflateFrame::kNone:
      return ISAL_DEFLATE;
  }
  return ISAL_DEFLATE;
}

std::string_view name_of(DeflateFrame frame) {
  return frame == DeflateFrame::kGzip ? to_string(Compression::kGzip) : "deflated";
}

class DeflateDecoder final : public Decoder {
 public:
  DeflateDecoder(Buffer memory, DeflateFrame frame) : memory_(std::move(memory)), frame_(frame) {
    state_ = new (memory_.data()) inflate_state;
    isal_inflate_init(state_);
    state_->crc_flag = flag_of(frame_);
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
    if (step.member_ended && frame_ == DeflateFrame::kNone) keep_unneeded();
    if (code != ISAL_DECOMP_OK) step.error = damaged(name_of(frame_), describe(code));
    return step;
  }

  /// ISA-L reads ahead; only behind gzip's and zlib's checksums it gives back what is left.
  [[nodiscard]] std::string_view unneeded() const override {
    return {unneeded_.data(), unneeded_size_};
  }

  Result<> restart() override {
    isal_inflate_reset(state_);
    state_->crc_flag = flag_of(frame_);
    return {};
  }

 private:
  void keep_unneeded() {
    constexpr unsigned kBits = 8;
    const auto bits = static_cast<unsigned>(state_->read_in_length);
    std::uint64_t ahead = state_->read_in >> bits % kBits;
    unneeded_size_ = bits / kBits;
    for (std::size_t i = 0; i < unneeded_size_; ++i, ahead >>= kBits)
      unneeded_[i] = static_cast<char>(ahead & 0xFFU);
  }

  Buffer memory_;
  DeflateFrame frame_;
  inflate_state* state_;
  std::array<char, sizeof(std::uint64_t)> unneeded_{};
  std::size_t unneeded_size_ = 0;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_deflate_decoder(memory::Budget& budget, DeflateFrame frame) {
  M3U_TRY(Buffer memory, Buffer::allocate(budget, memory::Tag::kInput, sizeof(inflate_state)));
  return std::make_unique<DeflateDecoder>(std::move(memory), frame);
}

}  // namespace m3u_proxy::io
