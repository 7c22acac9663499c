// What the M3U tests share: a source of bytes in memory and channels as plain structs.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>

namespace m3u_proxy::formats {

/// Gives a text in pieces of at most `piece` bytes, then the end or an error.
class TextSource final : public io::ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece = SIZE_MAX,
                      std::optional<Error> error = std::nullopt)
      : text_(std::move(text)), piece_(piece), error_(std::move(error)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), piece_, text_.size() - position_});
    if (size == 0 && error_) return fail(*error_);
    std::memcpy(buffer.data(), text_.data() + position_, size);
    position_ += size;
    return size;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return position_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t position_ = 0;
  std::optional<Error> error_;
};

struct TestChannel {
  std::string name{}, id{}, tvg_name{}, logo{}, shift{}, chno{}, group{}, url{}, duration{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  std::vector<std::string> directives{};
  bool operator==(const TestChannel&) const = default;
};

inline TestChannel channel_at(const catalog::ChannelBatch& batch, std::size_t row) {
  using catalog::ChannelField;
  const auto text = [&](ChannelField field) { return std::string(batch.text(field, row)); };
  TestChannel channel{.name = text(ChannelField::kChannelName),
                      .id = text(ChannelField::kTvgId),
                      .tvg_name = text(ChannelField::kTvgName),
                      .logo = text(ChannelField::kTvgLogo),
                      .shift = text(ChannelField::kTvgShift),
                      .chno = text(ChannelField::kTvgChno),
                      .group = text(ChannelField::kGroupTitle),
                      .url = text(ChannelField::kStreamUrl),
                      .duration = std::string(batch.duration(row)),
                      .attributes = {},
                      .directives = {}};
  for (const catalog::Attribute& a : batch.attributes(row))
    channel.attributes.emplace_back(a.key, a.value);
  for (const std::string_view d : batch.directives(row)) channel.directives.emplace_back(d);
  return channel;
}

struct ReadList {
  std::vector<TestChannel> channels;
  ProblemLog problems;
  std::size_t chunks = 0;
  std::optional<Error> error;
};

/// Reads a whole playlist through splitter and parser, and gives each batch to `take`.
template <typename Take>
void read_batches(io::ByteSource& source, std::size_t batch_rows, ReadList& list, Take&& take) {
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  M3uSplitter splitter(slabs, batch_rows);
  M3uSource m3u;
  const auto beginning = splitter.beginning(source);
  const Result<M3uHeader> header = beginning ? read_m3u_header(*beginning, list.problems)
                                             : Result<M3uHeader>(fail(beginning.error()));
  if (!header) {
    list.error = header.error();
    return;
  }
  m3u.header = *header;
  splitter.skip(header->skip);
  if (header->genres) splitter.expect_genres();
  OpenGroup group;
  while (true) {
    auto chunk = splitter.next(source, list.problems);
    if (!chunk) {
      list.error = chunk.error();
      return;
    }
    if (chunk->text.empty()) return;
    ++list.chunks;
    catalog::ChannelBatch batch(slabs);
    ProblemLog problems;
    group.carry(parse_m3u(*chunk, m3u, batch, problems), batch);
    list.problems.merge(problems, "tv", chunk->first_line - 1);
    take(batch);
  }
}

inline ReadList read_list(io::ByteSource& source, std::size_t batch_rows = 1000) {
  ReadList list;
  read_batches(source, batch_rows, list, [&](const catalog::ChannelBatch& batch) {
    for (std::size_t row = 0; row < batch.rows(); ++row)
      list.channels.push_back(channel_at(batch, row));
  });
  return list;
}

/// What is written of the channels that a text gives; empty when there are none.
inline std::string rewrite(const std::string& text) {
  TextSource source(text);
  ReadList list;
  OutputText out;
  std::uint64_t written = 0;
  read_batches(source, 1000, list, [&](const catalog::ChannelBatch& batch) {
    written += write_m3u(batch, {}, out, list.problems);
  });
  return written == 0 ? std::string() : "#EXTM3U\n" + std::string(out);
}

inline ReadList read_text(std::string text) {
  TextSource source(std::move(text));
  return read_list(source);
}

}  // namespace m3u_proxy::formats
