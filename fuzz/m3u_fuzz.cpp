// Fuzz target: playlists.
//
// Whatever the bytes, reading ends without a fault, and
// - how they are cut into chunks makes no difference, nor to what is counted;
// - there are no more channels than lines that can be an address;
// - every channel that is read is written, or skipped with a reason;
// - a channel has only directives that are between the address before it and its own;
// - what is written reads back to the same text.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>

#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>

namespace {

using namespace m3u_proxy;
using catalog::ChannelField;

void require(bool holds) {
  if (!holds) std::abort();
}

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

struct Outcome {
  std::string written = "#EXTM3U\n";
  std::map<std::string, std::uint64_t> problems;
  std::uint64_t channels = 0;
  std::uint64_t nameless = 0;  ///< channels that nothing gives a name, as that of the address `,`
  bool refused = false;

  bool operator==(const Outcome&) const = default;
};

/// Views of one chunk's text, in order; those of converted or joined lines are elsewhere.
void check_directives(const formats::M3uChunk& chunk, const catalog::ChannelBatch& batch) {
  const auto in_chunk = [&](std::string_view view) {
    return std::less_equal<>()(chunk.text.data(), view.data()) &&
           std::less<>()(view.data(), chunk.text.data() + chunk.text.size());
  };
  const char* before = chunk.text.data();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view url = batch.text(ChannelField::kStreamUrl, row);
    for (const std::string_view directive : batch.directives(row)) {
      if (!in_chunk(directive) || !in_chunk(url)) continue;
      require(directive.data() >= before && directive.data() < url.data());
    }
    if (in_chunk(url)) before = url.data();
  }
}

std::uint64_t count_addresses(const formats::M3uChunk& chunk, bool genres) {
  std::uint64_t count = 0;
  formats::LineCursor cursor(chunk.text, chunk.has_cr);
  std::string converted;
  while (cursor.next()) {
    const std::string_view line = formats::trim_line(cursor.line());
    const bool is_entry =
        genres && !formats::genre_entry(formats::as_utf8(line, converted)).url.empty();
    if (is_entry || formats::is_address(formats::line_kind(line))) ++count;
  }
  return count;
}

std::uint64_t count_nameless(const catalog::ChannelBatch& batch) {
  std::uint64_t count = 0;
  for (std::size_t row = 0; row < batch.rows(); ++row)
    if (formats::trim_name(batch.text(ChannelField::kChannelName, row)).empty()) ++count;
  return count;
}

/// Reads `text` in this way and writes it.
Outcome rewrite(std::string_view text, std::size_t rows, std::size_t piece) {
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  formats::M3uSplitter splitter(slabs, rows);
  PieceSource source(text, piece);
  formats::M3uSource m3u;
  formats::OutputText out;
  formats::OpenGroup group;
  ProblemLog problems;
  Outcome outcome;
  const auto beginning = splitter.beginning(source);
  require(beginning.has_value());
  auto header = formats::read_m3u_header(*beginning, problems);
  outcome.refused = !header;
  if (!header) return outcome;
  m3u.header = *std::move(header);
  splitter.skip(m3u.header.skip);
  if (m3u.header.genres) splitter.expect_genres();
  while (true) {
    const auto chunk = splitter.next(source, problems);
    require(chunk.has_value());
    if (chunk->text.empty()) break;
    catalog::ChannelBatch batch(slabs);
    group.carry(formats::parse_m3u(*chunk, m3u, batch, problems), batch);
    require(batch.rows() <= count_addresses(*chunk, m3u.header.genres));
    check_directives(*chunk, batch);
    outcome.channels += batch.rows();
    outcome.nameless += count_nameless(batch);
    const std::uint64_t written = formats::write_m3u(batch, {}, out, problems);
    const std::uint64_t skipped = problems.of("empty_url") + problems.of("url_is_no_address") +
                                  problems.of("written_line_too_long");
    require(written <= batch.rows() && batch.rows() - written <= skipped);
  }
  outcome.written += out;
  for (const auto& [reason, count] : problems.by_reason()) outcome.problems.emplace(reason, count);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Outcome whole = rewrite(text, 100000, SIZE_MAX);
  require(rewrite(text, 1, SIZE_MAX) == whole);
  require(rewrite(text, 3, 7) == whole);
  if (whole.written == "#EXTM3U\n") return 0;
  const Outcome again = rewrite(whole.written, 5, 64);
  require(again.written == whole.written);
  // Nothing of what is written needs repair, and no channel is lost in it.
  for (const char* reason :
       {"stray_text", "missing_comma", "missing_quote", "extinf_without_url", "url_without_extinf",
        "directive_without_url", "repeated_attribute", "line_joined", "junk_before_header"})
    require(!again.problems.contains(reason));
  // An address of commas is one behind an #EXTINF, and then there is nothing to name it by.
  const auto empty_names = again.problems.find("empty_name");
  require(empty_names == again.problems.end() || empty_names->second <= again.nameless);
  return 0;
}
