#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/base/sha1.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kHexLength = 32;
constexpr std::size_t kDashedLength = 36;
constexpr std::size_t kBase64Length = 22;

constexpr bool dash_before_byte(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

Uuid v5_of(const Uuid& space, std::string_view kind, std::string_view name) {
  std::string text(kind);
  text += name;
  return uuid_v5(space, text);
}

enum class Dashes : std::uint8_t { kNo, kYes };

std::optional<Uuid> from_hex(std::string_view text, Dashes dashes) {
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (dashes == Dashes::kYes && dash_before_byte(i)) {
      if (text.front() != '-') return std::nullopt;
      text.remove_prefix(1);
    }
    const std::size_t high = kHex.find(ascii_lower(text[0]));
    const std::size_t low = kHex.find(ascii_lower(text[1]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    uuid.bytes[i] = static_cast<std::uint8_t>(high << 4U | low);
    text.remove_prefix(2);
  }
  return uuid;
}

std::optional<Uuid> from_base64url(std::string_view text) {
  Uuid uuid;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const std::size_t value = kBase64Url.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    uuid.bytes[at++] = static_cast<std::uint8_t>(bits >> count);
    bits &= (1U << count) - 1U;
  }
  // Four bits are left over; other than zero they would make several spellings of one id.
  return bits == 0 ? std::optional(uuid) : std::nullopt;
}

std::optional<Uuid> parse(std::string_view text) {
  switch (text.size()) {
    case kDashedLength:
      return from_hex(text, Dashes::kYes);
    case kHexLength:
      return from_hex(text, Dashes::kNo);
    case kBase64Length:
      return from_base64url(text);
    default:
      return std::nullopt;
  }
}

}  // namespace

Uuid uuid_v5(const Uuid& space, std::string_view name) {
  const Sha1Digest digest = sha1(space.bytes, name);
  Uuid uuid;
  std::copy_n(digest.begin(), uuid.bytes.size(), uuid.bytes.begin());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0FU) | 0x50U);  // version
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3FU) | 0x80U);  // variant
  return uuid;
}

Uuid source_id(std::string_view name) { return v5_of(kUuidNamespace, "source:", name); }
Uuid proxy_id(std::string_view name) { return v5_of(kUuidNamespace, "proxy:", name); }
Uuid channel_id(const Uuid& source, std::string_view key) { return uuid_v5(source, key); }

std::string to_string(const Uuid& uuid) {
  std::string text;
  text.reserve(kDashedLength);
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (dash_before_byte(i)) text += '-';
    text += kHex[uuid.bytes[i] >> 4U];
    text += kHex[uuid.bytes[i] & 0xFU];
  }
  return text;
}

std::string to_base64url(const Uuid& uuid) {
  std::string text;
  text.reserve(kBase64Length);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : uuid.bytes) {
    bits = bits << 8U | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text += kBase64Url[bits >> count & 0x3FU];
    }
    bits &= (1U << count) - 1U;
  }
  text += kBase64Url[bits << (6U - count) & 0x3FU];
  return text;
}

Result<Uuid> parse_uuid(std::string_view text) {
  if (const auto uuid = parse(text)) return *uuid;
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not an id", excerpt(text)),
              "an id has 36 characters with dashes, 32 hex digits, or 22 characters of base64url");
}

}  // namespace m3u_proxy
