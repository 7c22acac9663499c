// Signatures of Amazon's S3 protocol (AWS Signature Version 4), which compatible stores know too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/objects/object_store.hpp>

namespace m3u_proxy::objects {

struct S3Credentials {
  std::string region;
  std::string access_key;
  std::string secret_key;
};

struct S3Request {
  std::string method;
  std::string host;  ///< with the port, if it is not the scheme's own
  std::string path;  ///< "/bucket/key", encoded as it is sent
  /// Names and values, not encoded.
  std::vector<std::pair<std::string, std::string>> query{};
  /// Further ones to be signed; names in lower case.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string payload_hash;  ///< SHA-256 of the body, 64 hex digits
};

/// Everything but unreserved characters (RFC 3986) as %XX; '/' too, unless it is a path's.
std::string s3_encoded(std::string_view text, std::string_view kept = {});
/// "a=1&b=%2F", in the order in which it is signed.
std::string s3_query(std::vector<std::pair<std::string, std::string>> query);
/// The header lines that sign a request at a moment (Unix seconds): Authorization, X-Amz-Date,
/// X-Amz-Content-Sha256, and those of `request`. Error: kIo (no libsodium).
Result<std::vector<std::string>> s3_signed_headers(const S3Request& request,
                                                   const S3Credentials& credentials,
                                                   std::int64_t now);
/// SHA-256 in 64 hex digits. Errors: kIo; those of reading; kCancelled.
Result<std::string> sha256_of(const Content& content, const CancelToken* cancel);

}  // namespace m3u_proxy::objects
