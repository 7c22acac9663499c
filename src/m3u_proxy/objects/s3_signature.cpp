#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/objects/s3_signature.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::objects {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kPiece = std::size_t{64} << 10U;

using Digest = std::array<unsigned char, crypto_hash_sha256_BYTES>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

class Sha256 {
 public:
  explicit Sha256(const store::SodiumLibrary& sodium) : sodium_(sodium) {
    sodium_.crypto_hash_sha256_init(&state_);
  }
  void add(std::string_view text) {
    sodium_.crypto_hash_sha256_update(&state_, bytes_of(text), text.size());
  }
  Digest finish() {
    Digest digest{};
    sodium_.crypto_hash_sha256_final(&state_, digest.data());
    return digest;
  }

 private:
  const store::SodiumLibrary& sodium_;
  crypto_hash_sha256_state state_{};
};

Digest hmac(const store::SodiumLibrary& sodium, std::string_view key, std::string_view text) {
  crypto_auth_hmacsha256_state state{};
  Digest digest{};
  sodium.crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  sodium.crypto_auth_hmacsha256_update(&state, bytes_of(text), text.size());
  sodium.crypto_auth_hmacsha256_final(&state, digest.data());
  return digest;
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string moment_of(std::int64_t now) {
  const std::time_t seconds = now;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string s3_encoded(std::string_view text, std::string_view kept) {
  std::string out;
  for (const char c : text) {
    const bool plain = is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' ||
                       c == '~' || kept.find(c) != std::string_view::npos;
    if (plain)
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string s3_query(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = s3_encoded(name);
    value = s3_encoded(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

Result<std::vector<std::string>> s3_signed_headers(const S3Request& request,
                                                   const S3Credentials& credentials,
                                                   std::int64_t now) {
  M3U_TRY(const store::SodiumLibrary* const sodium, store::sodium_library());
  const std::string moment = moment_of(now);
  const std::string day = moment.substr(0, 8);
  auto headers = request.headers;
  headers.emplace_back("host", request.host);
  headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  headers.emplace_back("x-amz-date", moment);
  std::ranges::sort(headers);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, trim(value));
    names += fmt::format("{}{}", names.empty() ? "" : ";", name);
  }
  Sha256 canonical(*sodium);
  canonical.add(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                            s3_query(request.query), lines, names, request.payload_hash));
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, credentials.region);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, moment, scope, hex(canonical.finish()));
  Digest key = hmac(*sodium, "AWS4" + credentials.secret_key, day);
  for (const std::string_view part : {std::string_view(credentials.region), std::string_view("s3"),
                                      std::string_view("aws4_request")})
    key = hmac(*sodium, text_of(key), part);
  std::vector<std::string> out;
  for (const auto& [name, value] : headers)
    if (name != "host") out.push_back(fmt::format("{}: {}", name, value));
  out.push_back(fmt::format("Authorization: {} Credential={}/{}, SignedHeaders={}, Signature={}",
                            kAlgorithm, credentials.access_key, scope, names,
                            hex(hmac(*sodium, text_of(key), to_sign))));
  return out;
}

Result<std::string> sha256_of(const Content& content, const CancelToken* cancel) {
  M3U_TRY(const store::SodiumLibrary* const sodium, store::sodium_library());
  Sha256 hash(*sodium);
  std::array<char, kPiece> buffer{};
  for (std::uint64_t offset = 0; offset < content.bytes;) {
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "sharing a snapshot was cancelled");
    M3U_TRY(const std::size_t size, content.read(offset, buffer));
    if (size == 0) return fail(ErrorCode::kIo, "what is shared has become shorter");
    hash.add({buffer.data(), size});
    offset += size;
  }
  return hex(hash.finish());
}

}  // namespace m3u_proxy::objects
