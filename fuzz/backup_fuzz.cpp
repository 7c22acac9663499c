// Archives of any shape: reading one ends, in bounded memory, with an error or at its list; every
// name in it stays below its folder; and what was accepted is the same when it is written again.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/backup/archive_layout.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::backup;

constexpr std::size_t kMost = std::size_t{1} << 20U;

void require(bool condition) {
  if (!condition) std::abort();
}

using Files = std::vector<std::pair<std::string, std::string>>;

/// nullopt: it is refused.
std::optional<Files> read(std::string archive) {
  memory::Budget budget(mib(64));
  ArchiveReader reader(std::make_unique<io::MemorySource>(std::move(archive)), budget);
  Files files;
  while (true) {
    const auto entry = reader.next();
    if (!entry) return std::nullopt;
    if (!*entry) return files;
    require(is_plain_path((*entry)->name));
    if (const auto known = parse_name((*entry)->name)) require(name_of(*known) == (*entry)->name);
    auto content = reader.read_all(kMost);
    if (!content) return std::nullopt;
    files.emplace_back((*entry)->name, *std::move(content));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = read(std::string(reinterpret_cast<const char*>(data), size));
  if (!files) return 0;
  memory::Budget budget;
  io::MemorySink sink;
  const auto writer = ArchiveWriter::create(sink, budget, 0);
  for (const auto& [name, content] : *files) require((*writer)->add(name, content).has_value());
  require((*writer)->finish().has_value());
  require(read(sink.bytes()) == files);
  return 0;
}
