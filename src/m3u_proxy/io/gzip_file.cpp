#include <array>
#include <string_view>

#include <isa-l/igzip_lib.h>

#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/gzip_file.hpp>

namespace m3u_proxy::io {
namespace {

using std::string_view_literals::operator""sv;

/// RFC 1952: magic, deflate, FCOMMENT, no time, fastest, Unix; and the comment.
constexpr std::string_view kHeader = "\x1F\x8B\x08\x10\0\0\0\0\x04\x03m3u-proxy\0"sv;

/// ISA-L at level 1: about the ratio of zlib's fastest level at several times its speed.
class Deflater {
 public:
  Deflater(AtomicFile& out, memory::Slab output, memory::Slab level)
      : out_(&out), output_(std::move(output)), level_(std::move(level)) {
    isal_deflate_init(&stream_);
    stream_.gzip_flag = IGZIP_GZIP_NO_HDR;
    stream_.level = 1;
    stream_.level_buf = reinterpret_cast<std::uint8_t*>(level_.data());
    stream_.level_buf_size = static_cast<std::uint32_t>(level_.size());
  }

  /// Compresses one piece; an empty one ends the file.
  Result<> add(std::string_view piece) {
    stream_.end_of_stream = piece.empty() ? 1 : 0;
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<std::uint32_t>(piece.size());
    do {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(output_.data());
      stream_.avail_out = static_cast<std::uint32_t>(output_.size());
      if (isal_deflate(&stream_) != COMP_OK)
        return fail(ErrorCode::kInternal, "compressing a published file failed");
      M3U_CHECK(out_->write({output_.data(), output_.size() - stream_.avail_out}));
    } while (stream_.avail_out == 0);
    return {};
  }

 private:
  AtomicFile* out_;
  memory::Slab output_;
  memory::Slab level_;
  isal_zstream stream_{};
};

}  // namespace

Result<std::unique_ptr<AtomicFile>> write_gzip(const AtomicFile& file, memory::SlabPool& slabs,
                                               const CancelToken* cancel) {
  M3U_TRY(const auto source, open_file(file.temporary()));
  auto target = file.target();
  target += kGzipEnding;
  M3U_TRY(auto out, AtomicFile::create(target));
  M3U_TRY(memory::Slab input, slabs.acquire_buffer(memory::Tag::kOutput));
  M3U_TRY(memory::Slab output, slabs.acquire_buffer(memory::Tag::kOutput));
  M3U_TRY(memory::Slab level, slabs.acquire(memory::Tag::kOutput, ISAL_DEF_LVL1_DEFAULT));
  M3U_CHECK(out->write(kHeader));
  Deflater deflater(*out, std::move(output), std::move(level));
  while (true) {
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped on request");
    M3U_TRY(const std::size_t size, source->read({input.data(), input.size()}));
    M3U_CHECK(deflater.add({input.data(), size}));
    if (size == 0) return out;
  }
}

StaleCopy remove_stale_gzip(const std::filesystem::path& target) {
  auto copy = target;
  copy += kGzipEnding;
  std::error_code error;
  if (!std::filesystem::exists(copy, error)) return StaleCopy::kNone;
  const auto source = open_file(copy);
  if (!source) return StaleCopy::kForeign;
  std::array<char, kHeader.size()> beginning{};
  const auto size = (*source)->read(beginning);
  const bool ours = size && std::string_view(beginning.data(), *size) == kHeader;
  return ours && std::filesystem::remove(copy, error) ? StaleCopy::kRemoved : StaleCopy::kForeign;
}

}  // namespace m3u_proxy::io
