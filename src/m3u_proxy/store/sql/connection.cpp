#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/store/sql/connection.hpp>

namespace m3u_proxy::store::sql {

Result<> check_values(std::span<const Value> values) {
  for (const Value& value : values) {
    const auto* text = std::get_if<std::string>(&value.content());
    if (text == nullptr) continue;
    if (text->find('\0') != std::string::npos || !is_valid_utf8(*text))
      return fail(ErrorCode::kInvalidArgument, "a text is not UTF-8 or has a zero byte in it");
  }
  return {};
}

}  // namespace m3u_proxy::store::sql
