#include <vector>

#include <fmt/format.h>
#define ZSTD_STATIC_LINKING_ONLY  // for the estimate of its memory
#include <zstd.h>

#include <m3u_proxy/io/zstd_sink.hpp>

namespace m3u_proxy::io {
namespace {

/// The fastest but for negative ones: lists shrink to a sixth, at some 500 MB a second.
constexpr int kLevel = 1;

}  // namespace

class ZstdSink::State {
 public:
  State(ByteSink& to, memory::Reservation reserved) : to_(to), reserved_(std::move(reserved)) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  Result<> compress(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    while (true) {
      ZSTD_outBuffer out{.dst = buffer_.data(), .size = buffer_.size(), .pos = 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0)
        return fail(ErrorCode::kInternal, fmt::format("zstd: {}", ZSTD_getErrorName(left)));
      if (out.pos > 0) M3U_CHECK(to_.write({buffer_.data(), out.pos}));
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

 private:
  ByteSink& to_;
  memory::Reservation reserved_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx};
  std::vector<char> buffer_ = std::vector<char>(ZSTD_CStreamOutSize());
};

Result<std::unique_ptr<ZstdSink>> ZstdSink::create(ByteSink& to, memory::Budget& budget) {
  M3U_TRY(auto reserved, budget.reserve(memory::Tag::kOutput, {ZSTD_estimateCStreamSize(kLevel) +
                                                               ZSTD_CStreamOutSize()}));
  return std::unique_ptr<ZstdSink>(new ZstdSink(std::make_unique<State>(to, std::move(reserved))));
}

ZstdSink::ZstdSink(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZstdSink::~ZstdSink() = default;

Result<> ZstdSink::write(std::string_view bytes) {
  return state_->compress(bytes, ZSTD_e_continue);
}
Result<> ZstdSink::finish() { return state_->compress({}, ZSTD_e_end); }

}  // namespace m3u_proxy::io
