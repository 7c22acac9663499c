#include <array>

#include <fmt/format.h>

#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/io/inflate.hpp>

namespace m3u_proxy::backup {
namespace {

/// What a file of the list takes in memory and as JSON, both at once.
constexpr Bytes kListedSize{640};
constexpr std::size_t kPiece = std::size_t{64} << 10U;

std::string list_of(const std::vector<ListedFile>& files) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("files").begin_array();
  for (const ListedFile& file : files)
    json.begin_object()
        .member("name", std::string_view(file.name))
        .member("bytes", file.bytes)
        .member("hash", std::string_view(file.hash))
        .end_object();
  json.end_array().end_object();
  text.push_back('\n');
  return text;
}

std::unexpected<Error> broken(std::string what) {
  return fail(ErrorCode::kParse, std::move(what), "take another copy of the backup");
}

}  // namespace

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(io::ByteSink& to,
                                                             memory::Budget& budget,
                                                             std::int64_t modified) {
  M3U_TRY(auto sink, io::ZstdSink::create(to, budget));
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(std::move(sink), budget, modified));
  M3U_TRY(writer->list_size_, budget.reserve(memory::Tag::kOutput, Bytes{}));
  return writer;
}

Result<> ArchiveWriter::put_header(std::string_view name, std::uint64_t size) {
  M3U_TRY(const TarBlock header, tar_header(name, size, modified_));
  return sink_->write({header.data(), header.size()});
}

Result<> ArchiveWriter::put_padding(std::uint64_t size) {
  static constexpr TarBlock kZeros{};
  return sink_->write({kZeros.data(), tar_padding(size)});
}

Result<> ArchiveWriter::add(std::string_view name, std::string_view content) {
  M3U_CHECK(begin(name, content.size()));
  M3U_CHECK(write(content));
  return end();
}

Result<> ArchiveWriter::begin(std::string_view name, std::uint64_t size) {
  if (files_.size() == kMostFiles)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a backup has at most {} files", kMostFiles),
                "leave the snapshots out");
  M3U_CHECK(list_size_.resize(kListedSize * (files_.size() + 1)));
  M3U_CHECK(put_header(name, size));
  files_.push_back({.name = std::string(name), .bytes = size, .hash = {}});
  left_ = size;
  hash_ = snapshots::ContentHash();
  return {};
}

Result<> ArchiveWriter::write(std::string_view bytes) {
  if (bytes.size() > left_)
    return fail(ErrorCode::kInternal, files_.back().name + " has grown while it was read");
  left_ -= bytes.size();
  hash_.add(bytes);
  return sink_->write(bytes);
}

Result<> ArchiveWriter::end() {
  if (left_ != 0)
    return fail(ErrorCode::kInternal, files_.back().name + " has shrunk while it was read");
  files_.back().hash = hash_.text();
  return put_padding(files_.back().bytes);
}

Result<> ArchiveWriter::finish() {
  const std::string list = list_of(files_);
  M3U_CHECK(put_header(kListName, list.size()));
  M3U_CHECK(sink_->write(list));
  M3U_CHECK(put_padding(list.size()));
  static constexpr std::array<char, 2 * kTarBlock> kEnd{};
  M3U_CHECK(sink_->write({kEnd.data(), kEnd.size()}));
  return sink_->finish();
}

ArchiveReader::ArchiveReader(std::unique_ptr<io::ByteSource> from, memory::Budget& budget,
                             const CancelToken* cancel)
    : budget_(budget), from_(io::make_inflating_source(std::move(from), budget)), cancel_(cancel) {}

/// 0 at the end of the archive.
Result<std::size_t> ArchiveReader::some(std::span<char> buffer) {
  if (cancel_ != nullptr && cancel_->cancelled())
    return fail(ErrorCode::kCancelled, "the restore was stopped: nothing has changed");
  auto size = from_->read(buffer);
  if (size) return size;
  Error error = std::move(size).error();
  if (error.code != ErrorCode::kParse) return fail(std::move(error));
  return broken("the archive is damaged or cut off: " + error.message);
}

Result<> ArchiveReader::fill(std::span<char> buffer) {
  while (!buffer.empty()) {
    M3U_TRY(const std::size_t size, some(buffer));
    if (size == 0) return broken("the archive is cut off, or is none");
    buffer = buffer.subspan(size);
  }
  return {};
}

Result<std::size_t> ArchiveReader::read(std::span<char> buffer) {
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
  if (most == 0) return 0;
  M3U_TRY(const std::size_t size, some(buffer.first(most)));
  if (size == 0) return broken("the archive is cut off");
  left_ -= size;
  hash_.add({buffer.data(), size});
  return size;
}

Result<std::string> ArchiveReader::read_all(std::size_t most) {
  if (left_ > most)
    return fail(ErrorCode::kParse,
                fmt::format("{} in the archive is larger than {} bytes", entry_->name, most));
  std::string text(static_cast<std::size_t>(left_), '\0');
  std::span<char> rest(text);
  while (!rest.empty()) {
    M3U_TRY(const std::size_t size, read(rest));
    rest = rest.subspan(size);
  }
  return text;
}

Result<> ArchiveReader::finish_file() {
  std::array<char, kPiece> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (left_ > 0) M3U_CHECK(read(piece));
  TarBlock padding{};
  M3U_CHECK(fill(std::span(padding).first(tar_padding(entry_->size))));
  files_.push_back({.name = entry_->name, .bytes = entry_->size, .hash = hash_.text()});
  entry_.reset();
  return {};
}

Result<std::optional<TarEntry>> ArchiveReader::next() {
  if (entry_) M3U_CHECK(finish_file());
  TarBlock header;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  M3U_CHECK(fill(header));
  if (is_tar_end(header)) return broken("the archive has no list of what is in it");
  M3U_TRY(TarEntry entry, parse_tar_header(header));
  left_ = entry.size;
  entry_ = entry;
  hash_ = snapshots::ContentHash();
  if (entry.name == kListName) {
    M3U_CHECK(check_list());
    return std::nullopt;
  }
  if (files_.size() == kMostFiles) return broken("the archive has more files than a backup");
  if (files_.empty()) {
    M3U_TRY(list_size_, budget_.reserve(memory::Tag::kInput, kListedSize));
  }
  M3U_CHECK(list_size_.resize(kListedSize * (files_.size() + 1)));
  return entry;
}

/// The list is made anew of what was read: it has to be the same text.
Result<> ArchiveReader::check_list() {
  const std::string ours = list_of(files_);
  if (left_ != ours.size()) return broken("the archive's list does not fit what is in it");
  M3U_TRY(const std::string list, read_all(ours.size()));
  if (list != ours)
    return broken("the archive's list does not fit what is in it: a checksum is wrong");
  return check_end();
}

Result<> ArchiveReader::check_end() {
  TarBlock block{};
  M3U_CHECK(fill(std::span(block).first(tar_padding(entry_->size))));
  for (int i = 0; i < 2; ++i) {
    M3U_CHECK(fill(block));
    if (!is_tar_end(block)) return broken("something follows the archive's list");
  }
  // Another program's tar fills its last record with zeros.
  while (true) {
    M3U_TRY(const std::size_t size, some(block));
    if (size == 0) return {};
    for (std::size_t i = 0; i < size; ++i)
      if (block[i] != '\0') return broken("something follows the archive");
  }
}

}  // namespace m3u_proxy::backup
