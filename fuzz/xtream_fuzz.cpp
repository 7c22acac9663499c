// Replies of an Xtream server of any bytes: reading ends, within the Budget, the same however the
// bytes arrive, and what comes out is a playlist in which every entry has its own address.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/sources/xtream_playlist.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::sources;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::string text;
  std::string error;
  std::uint64_t problems = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read_all(XtreamKind kind, const std::string& json, std::size_t piece) {
  memory::Budget budget(mib(16));
  Outcome out;
  {
    const auto open = [json, piece]() -> Result<std::unique_ptr<io::ByteSource>> {
      return std::make_unique<io::MemorySource>(json, piece);
    };
    auto content = std::make_shared<XtreamContent>();
    content->account.server = "http://h";
    content->account.user = "u";
    content->account.password = "p";
    content->lists.push_back({.kind = kind, .streams = open, .categories = open});
    content->episodes = [json, piece](std::string_view) -> std::unique_ptr<io::ByteSource> {
      return std::make_unique<io::MemorySource>(json, piece);
    };
    auto problems = std::make_shared<ProblemLog>();
    const auto playlist = make_xtream_playlist(content, budget, problems);
    std::string buffer(4096, '\0');
    constexpr std::size_t kEnough = std::size_t{4} << 20U;
    while (out.text.size() < kEnough) {
      const auto n = playlist->read(buffer);
      if (!n) out.error = n.error().message;
      if (!n || *n == 0) break;
      out.text.append(buffer, 0, *n);
    }
    out.problems = problems->total();
  }
  require(budget.used().count == 0);
  return out;
}

void check(const std::string& text) {
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) return;  // reading was ended
    const std::string_view one = std::string_view(text).substr(at, end - at);
    if (line == 0)
      require(one == "#EXTM3U");
    else
      require(one.starts_with(line % 2 == 1 ? "#EXTINF:-1" : "http://h/"));
    at = end + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<XtreamKind>(data[0] % 3);
  const std::string json(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read_all(kind, json, SIZE_MAX);
  require(whole == read_all(kind, json, 1 + data[0] / 3));
  check(whole.text);
  return 0;
}
