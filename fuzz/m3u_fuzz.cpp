// Fuzz target: playlists.
//
// Whatever the bytes, reading ends without a fault; how they are cut into chunks makes no
// difference; and what is written from them reads back to the same text.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>

namespace {

using namespace m3u_proxy;

class PieceSource final : public io::ByteSource {
 public:
  PieceSource(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), piece_, text_.size() - position_});
    if (size != 0) std::memcpy(buffer.data(), text_.data() + position_, size);
    position_ += size;
    return size;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return position_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t piece_;
  std::size_t position_ = 0;
};

/// The playlist that reading `text` in this way and writing it gives; "refused" when it is none.
std::string rewrite(std::string_view text, std::size_t rows, std::size_t piece) {
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  formats::M3uSplitter splitter(slabs, rows);
  PieceSource source(text, piece);
  formats::M3uSource m3u;
  formats::OutputText out("#EXTM3U\n");
  ProblemLog problems;
  const auto beginning = splitter.beginning(source);
  if (!beginning) std::abort();
  const auto header = formats::read_m3u_header(*beginning);
  if (!header) return "refused";
  m3u.header = *header;
  while (true) {
    const auto chunk = splitter.next(source, problems);
    if (!chunk) std::abort();
    if (chunk->text.empty()) return std::string(out);
    catalog::ChannelBatch batch(slabs);
    formats::parse_m3u(*chunk, m3u, batch, problems);
    formats::write_m3u(batch, {}, out, problems);
  }
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = rewrite(text, 100000, SIZE_MAX);
  require(rewrite(text, 1, SIZE_MAX) == whole);
  require(rewrite(text, 3, 7) == whole);
  if (whole != "refused" && whole != "#EXTM3U\n") require(rewrite(whole, 5, 64) == whole);
  return 0;
}
