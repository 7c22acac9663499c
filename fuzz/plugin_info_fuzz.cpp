// Fuzz target: what plugins say of themselves.
//
// Whatever the bytes, reading them ends without a fault; an error says what is wrong in text that
// can be shown; and what is accepted has a name, a version and a stage.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m3u_proxy;
  const auto info = plugins::parse_info({reinterpret_cast<const char*>(data), size});
  if (!info) {
    require(info.error().code == ErrorCode::kParse && !info.error().message.empty());
    require(is_valid_utf8(info.error().message));
    return 0;
  }
  require(!info->name.empty() && !info->version.empty() && !info->supported_stages.empty());
  return 0;
}
