// Inflating any bytes must end with the bytes or an error, within the Budget, whatever they say.
// The first byte chooses how the input comes in pieces, whether it can be read at any place (ZIP
// archives have their directory at the end), and how much memory there is.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace {

using namespace m3u_proxy;

constexpr std::size_t kMaxInflated = std::size_t{1} << 20U;

void require(bool condition) {
  if (!condition) std::abort();
}

void inflate_all(io::ByteSource& source, std::size_t buffer_size) {
  std::string buffer(buffer_size, '\0');
  std::size_t total = 0;
  while (total < kMaxInflated) {
    const auto n = source.read(buffer);
    if (!n) {
      const ErrorCode code = n.error().code;
      require(code == ErrorCode::kParse || code == ErrorCode::kOverBudget);
      require(!n.error().message.empty());
      return;
    }
    require(*n <= buffer.size());
    if (*n == 0) return;
    total += *n;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const std::size_t piece = (choice & 1U) != 0 ? 1 : SIZE_MAX;
  const std::size_t buffer = (choice & 2U) != 0 ? 7 : 65536;
  memory::Budget budget((choice & 4U) != 0 ? mib(1) : mib(12));
  {
    std::unique_ptr<io::ByteSource> memory = std::make_unique<io::MemorySource>(
        std::string(reinterpret_cast<const char*>(data) + 1, size - 1), piece);
    if ((choice & 8U) != 0) memory = std::make_unique<io::PipedSource>(std::move(memory));
    const auto source = io::make_inflating_source(
        std::move(memory), budget, {.max_ratio = 10'000, .ratio_applies_from = 1U << 18U});
    inflate_all(*source, buffer);
  }
  require(budget.used().count == 0);
  return 0;
}
