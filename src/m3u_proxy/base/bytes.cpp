#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {

Result<Bytes> parse_size(std::string_view text) {
  const std::string_view trimmed = trim(text);
  double number = 0;
  const auto [end, error] =
      std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a size", text),
                "write a number and a unit, such as 64MB, 1.5GB or 512 (= MB)");
  };
  if (error != std::errc{} || number < 0) return bad();
  std::string unit(trim(std::string_view(end, trimmed.data() + trimmed.size())));
  for (char& c : unit) c = ascii_lower(c);
  double factor = 0;
  if (unit.empty() || unit == "m" || unit == "mb" || unit == "mib") factor = 1048576.0;
  if (unit == "b") factor = 1.0;
  if (unit == "k" || unit == "kb" || unit == "kib") factor = 1024.0;
  if (unit == "g" || unit == "gb" || unit == "gib") factor = 1073741824.0;
  if (unit == "t" || unit == "tb" || unit == "tib") factor = 1099511627776.0;
  const double bytes = number * factor;
  if (factor == 0 || !(bytes < 9.0e18)) return bad();  // "nan" is read as a number
  return Bytes{static_cast<std::uint64_t>(bytes)};
}

}  // namespace m3u_proxy
