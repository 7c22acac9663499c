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

}  // namespace

/// ISA-L at level 1: about the ratio of zlib's fastest level at several times its speed.
struct GzipFile::Deflater {
  Deflater(std::unique_ptr<AtomicFile> file, memory::Slab into, memory::Slab with)
      : out(std::move(file)), output(std::move(into)), level(std::move(with)) {
    isal_deflate_init(&stream);
    stream.gzip_flag = IGZIP_GZIP_NO_HDR;
    stream.level = 1;
    stream.level_buf = reinterpret_cast<std::uint8_t*>(level.data());
    stream.level_buf_size = static_cast<std::uint32_t>(level.size());
  }

  Result<> add(std::string_view piece, bool is_last) {
    stream.end_of_stream = is_last ? 1 : 0;
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<std::uint32_t>(piece.size());
    do {
      stream.next_out = reinterpret_cast<std::uint8_t*>(output.data());
      stream.avail_out = static_cast<std::uint32_t>(output.size());
      if (isal_deflate(&stream) != COMP_OK)
        return fail(ErrorCode::kInternal, "compressing a published file failed");
      M3U_CHECK(out->write({output.data(), output.size() - stream.avail_out}));
    } while (stream.avail_out == 0);
    return {};
  }

  std::unique_ptr<AtomicFile> out;
  memory::Slab output;
  memory::Slab level;
  isal_zstream stream{};
};

GzipFile::GzipFile(std::unique_ptr<Deflater> deflater) : deflater_(std::move(deflater)) {}
GzipFile::~GzipFile() = default;

Result<std::unique_ptr<GzipFile>> GzipFile::create(const std::filesystem::path& target,
                                                   memory::SlabPool& slabs) {
  M3U_TRY(auto out, AtomicFile::create(target));
  M3U_TRY(memory::Slab output, slabs.acquire_buffer(memory::Tag::kOutput));
  M3U_TRY(memory::Slab level, slabs.acquire(memory::Tag::kOutput, ISAL_DEF_LVL1_DEFAULT));
  M3U_CHECK(out->write(kHeader));
  return std::unique_ptr<GzipFile>(new GzipFile(
      std::make_unique<Deflater>(std::move(out), std::move(output), std::move(level))));
}

Result<> GzipFile::write(std::string_view piece) { return deflater_->add(piece, false); }

Result<std::unique_ptr<AtomicFile>> GzipFile::finish() {
  M3U_CHECK(deflater_->add({}, true));
  return std::move(deflater_->out);
}

Result<std::unique_ptr<AtomicFile>> write_gzip(const AtomicFile& file, memory::SlabPool& slabs,
                                               const CancelToken* cancel) {
  M3U_TRY(const auto source, open_file(file.temporary()));
  auto target = file.target();
  target += kGzipEnding;
  M3U_TRY(const auto packed, GzipFile::create(target, slabs));
  M3U_TRY(memory::Slab input, slabs.acquire_buffer(memory::Tag::kOutput));
  while (true) {
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped on request");
    M3U_TRY(const std::size_t size, source->read({input.data(), input.size()}));
    if (size == 0) return packed->finish();
    M3U_CHECK(packed->write({input.data(), size}));
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
