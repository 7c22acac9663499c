#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::snapshots {
namespace {

constexpr std::string_view kFirstLine = "m3u-proxy snapshot 1";
constexpr std::string_view kBeginning = "m3u-proxy snapshot ";
constexpr std::size_t kHashDigits = 32;

std::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorCode::kParse, fmt::format("the manifest is damaged: {}", what));
}

std::string checksum_of(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

/// Up to the next blank, which goes too.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool is_hash(std::string_view text) {
  return text.size() == kHashDigits && std::ranges::all_of(text, [](char c) {
           return is_ascii_digit(c) || (c >= 'a' && c <= 'f');
         });
}

/// Without line ends, which would begin a line of their own.
std::string on_one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return out;
}

Result<> read_line(std::string_view line, Manifest& manifest) {
  const std::string_view word = take_word(line);
  if (word == "note") {
    const std::string_view key = take_word(line);
    if (key.empty() || !manifest.notes.emplace(key, line).second) return wrong("a note");
    return {};
  }
  if (word != "file") return wrong("a line that is neither file nor note");
  SnapshotFile file;
  const std::string_view bytes = take_word(line);
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), file.bytes);
  if (bytes.empty() || error != std::errc() || end != bytes.data() + bytes.size())
    return wrong("the size of a file");
  file.hash = take_word(line);
  if (!is_hash(file.hash)) return wrong("the hash of a file");
  file.name = line;
  if (file.name.empty() || file.name.front() == '.' || file.name.contains('/'))
    return wrong("the name of a file");
  if (!manifest.files.empty() && manifest.files.back().name >= file.name)
    return wrong("the order of the files");
  manifest.files.push_back(std::move(file));
  return {};
}

}  // namespace

const SnapshotFile* Manifest::find(std::string_view name) const {
  const auto found = std::ranges::find(files, name, &SnapshotFile::name);
  return found == files.end() ? nullptr : &*found;
}

std::string to_text(const Manifest& manifest) {
  std::string text = fmt::format("{}\n", kFirstLine);
  for (const SnapshotFile& file : manifest.files)
    text += fmt::format("file {} {} {}\n", file.bytes, file.hash, file.name);
  for (const auto& [key, value] : manifest.notes)
    text += fmt::format("note {} {}\n", key, on_one_line(value));
  return text + fmt::format("end {}\n", checksum_of(text));
}

Result<Manifest> parse_manifest(std::string_view text) {
  if (!text.starts_with(kBeginning)) return wrong("it does not begin as it should");
  const std::size_t first_end = std::min(text.find('\n'), text.size());
  if (text.substr(0, first_end) != kFirstLine)
    return fail(ErrorCode::kParse,
                fmt::format("the snapshot has version {} of its format, and this program knows 1",
                            excerpt(text.substr(kBeginning.size(), first_end - kBeginning.size()))),
                "use the newer program that wrote it");
  constexpr std::string_view kEnd = "\nend ";
  const std::size_t end = text.rfind(kEnd);
  if (end == std::string_view::npos || !text.ends_with('\n')) return wrong("its end is missing");
  const std::string_view content = text.substr(0, end + 1);
  if (text.substr(end + kEnd.size()) != checksum_of(content) + "\n")
    return wrong("its checksum does not fit");
  Manifest manifest;
  std::string_view rest = content.substr(first_end + 1);
  while (!rest.empty()) {
    const std::size_t line_end = rest.find('\n');
    M3U_CHECK(read_line(rest.substr(0, line_end), manifest));
    rest.remove_prefix(line_end + 1);
  }
  return manifest;
}

}  // namespace m3u_proxy::snapshots
