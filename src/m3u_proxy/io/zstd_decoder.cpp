#define ZSTD_STATIC_LINKING_ONLY  // for the allocator hook, which the shared library exports
#include <zstd.h>
#include <zstd_errors.h>

#include <m3u_proxy/io/decoder_memory.hpp>
#include <m3u_proxy/io/decoders.hpp>

namespace m3u_proxy::io {
namespace {

/// The largest window a file may ask for, 2^27 bytes = 128 MB: what `zstd --long` needs by
/// default, and RFC 8878 advises decoders to have some bound.
constexpr int kWindowLogMax = 27;

void* allocate(void* memory, std::size_t size) {
  return static_cast<DecoderMemory*>(memory)->allocate(size);
}
void release(void* memory, void* block) { static_cast<DecoderMemory*>(memory)->free(block); }

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(memory::Budget& budget) : memory_(budget) {}
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  Result<> open() {
    context_ = ZSTD_createDCtx_advanced(
        {.customAlloc = allocate, .customFree = release, .opaque = &memory_});
    if (context_ == nullptr) return fail(memory_.out_of_memory("zstd"));
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax);
    return {};
  }

  Step decode(std::span<const char> input, std::span<char> output) override {
    ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
    const std::size_t code = ZSTD_decompressStream(context_, &out, &in);
    Step step{.consumed = in.pos, .produced = out.pos};
    if (ZSTD_isError(code) != 0)
      step.error = error_of(code);
    else
      step.member_ended = code == 0;
    return step;
  }

  Result<> restart() override {
    ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
    return {};
  }

 private:
  [[nodiscard]] Error error_of(std::size_t code) const {
    switch (ZSTD_getErrorCode(code)) {
      case ZSTD_error_memory_allocation:
        return memory_.out_of_memory("zstd");
      case ZSTD_error_frameParameter_windowTooLarge:
        return Error{.code = ErrorCode::kParse,
                     .message = "the zstd data wants a window of more than 128 MB",
                     .where = {},
                     .hint = "compress it with --long=27 or less"};
      default:
        return damaged(to_string(Compression::kZstd), ZSTD_getErrorName(code));
    }
  }

  DecoderMemory memory_;
  ZSTD_DCtx* context_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_zstd_decoder(memory::Budget& budget) {
  auto decoder = std::make_unique<ZstdDecoder>(budget);
  M3U_CHECK(decoder->open());
  return decoder;
}

}  // namespace m3u_proxy::io
