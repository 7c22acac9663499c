#include <lzma.h>

#include <m3u_proxy/io/decoder_memory.hpp>
#include <m3u_proxy/io/decoders.hpp>

namespace m3u_proxy::io {
namespace {

void* allocate(void* memory, std::size_t count, std::size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  return static_cast<DecoderMemory*>(memory)->allocate(count * size);
}
void release(void* memory, void* block) { static_cast<DecoderMemory*>(memory)->free(block); }

std::string_view describe(lzma_ret code) {
  switch (code) {
    case LZMA_FORMAT_ERROR:
      return "an invalid header";
    case LZMA_OPTIONS_ERROR:
      return "an unknown method";
    default:
      return "a block is not valid or a checksum is wrong";
  }
}

class XzDecoder final : public Decoder {
 public:
  explicit XzDecoder(memory::Budget& budget)
      : memory_(budget), allocator_{.alloc = allocate, .free = release, .opaque = &memory_} {
    stream_.allocator = &allocator_;
  }
  ~XzDecoder() override { lzma_end(&stream_); }

  Step decode(std::span<const char> input, std::span<char> output) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    Step step{.consumed = input.size() - stream_.avail_in,
              .produced = output.size() - stream_.avail_out};
    step.member_ended = code == LZMA_STREAM_END;
    step.error = error_of(code);
    return step;
  }

  Result<> restart() override {
    // The limit of the whole Budget: what is free now may grow when others give memory back, and
    // the allocator has the last word.
    const lzma_ret code = lzma_stream_decoder(&stream_, memory_.budget().limit().count, 0);
    if (auto error = error_of(code)) return fail(*std::move(error));
    return {};
  }

 private:
  std::optional<Error> error_of(lzma_ret code) {
    switch (code) {
      case LZMA_OK:
      case LZMA_STREAM_END:
      case LZMA_BUF_ERROR:  // needs more input, which the caller sees from the empty step
        return std::nullopt;
      case LZMA_MEM_ERROR:
        return memory_.out_of_memory("xz");
      case LZMA_MEMLIMIT_ERROR:
        return DecoderMemory::needs("xz", Bytes{lzma_memusage(&stream_)}, memory_.budget());
      default:
        return damaged(to_string(Compression::kXz), describe(code));
    }
  }

  DecoderMemory memory_;
  lzma_allocator allocator_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_xz_decoder(memory::Budget& budget) {
  auto decoder = std::make_unique<XzDecoder>(budget);
  M3U_CHECK(decoder->restart());
  return decoder;
}

}  // namespace m3u_proxy::io
