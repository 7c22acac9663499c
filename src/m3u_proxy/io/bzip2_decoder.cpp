#include <algorithm>

#include <bzlib.h>

#include <m3u_proxy/io/decoder_memory.hpp>
#include <m3u_proxy/io/decoders.hpp>

namespace m3u_proxy::io {
namespace {

constexpr std::size_t kMaxPiece = std::size_t{1} << 30U;  // bzip2 counts in 32 bits

void* allocate(void* memory, int count, int size) {
  return static_cast<DecoderMemory*>(memory)->allocate(static_cast<std::size_t>(count) *
                                                       static_cast<std::size_t>(size));
}
void release(void* memory, void* block) { static_cast<DecoderMemory*>(memory)->free(block); }

class Bzip2Decoder final : public Decoder {
 public:
  explicit Bzip2Decoder(memory::Budget& budget) : memory_(budget) {}
  ~Bzip2Decoder() override { end(); }

  Step decode(std::span<const char> input, std::span<char> output) override {
    const auto in = static_cast<unsigned>(std::min(input.size(), kMaxPiece));
    const auto out = static_cast<unsigned>(std::min(output.size(), kMaxPiece));
    stream_.next_in = const_cast<char*>(input.data());  // only read, an interface without const
    stream_.avail_in = in;
    stream_.next_out = output.data();
    stream_.avail_out = out;
    const int code = BZ2_bzDecompress(&stream_);
    Step step{.consumed = in - stream_.avail_in, .produced = out - stream_.avail_out};
    step.member_ended = code == BZ_STREAM_END;
    if (code == BZ_MEM_ERROR)
      step.error = memory_.out_of_memory("bzip2");
    else if (code < 0)
      step.error = damaged(to_string(Compression::kBzip2),
                           code == BZ_DATA_ERROR ? "a checksum is wrong" : "an invalid header");
    return step;
  }

  Result<> restart() override {
    end();
    stream_ = {};
    stream_.bzalloc = allocate;
    stream_.bzfree = release;
    stream_.opaque = &memory_;
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return fail(memory_.out_of_memory("bzip2"));
    started_ = true;
    return {};
  }

 private:
  void end() {
    if (started_) BZ2_bzDecompressEnd(&stream_);
    started_ = false;
  }
  DecoderMemory memory_;
  bz_stream stream_{};
  bool started_ = false;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_bzip2_decoder(memory::Budget& budget) {
  auto decoder = std::make_unique<Bzip2Decoder>(budget);
  M3U_CHECK(decoder->restart());
  return decoder;
}

}  // namespace m3u_proxy::io
