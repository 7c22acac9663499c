// Content coding: what a server's Content-Encoding has to be believed. Bodies are known by their
// bytes, and servers write anything there ("UTF-8", "none", "aws-chunked" stored with an object);
// only deflated data has no mark of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::net {

enum class ContentCoding : std::uint8_t {
  kKnownByBytes,  ///< none, gzip, zstd …, and every word that is no coding
  kDeflate,       ///< among others in a list
  kUnreadable,    ///< one that is not read (br, compress …), unless the body shows otherwise
};

/// `content_encoding`: the field's value in lower case, one coding or a list of them.
ContentCoding coding_of(std::string_view content_encoding);

/// Whether the first bytes of a body are text or compressed in a way that is known by its bytes.
bool is_readable_body(std::string_view head);

enum class Inflated : std::uint8_t {
  kNot,  ///< it is no deflated data: `to` means nothing
  kWhole,
  kTruncated,  ///< it ends too early: `to` has its beginning
};

/// Writes to `to` what the body `from` is inflated: deflated data with zlib's header, as the
/// standard says, or without, as some servers send it; around it gzip and the like. More than
/// `max_bytes` are an error (0: no bound). Takes 0.4 MB. Errors: kIo, kOverBudget.
Result<Inflated> inflate_body(std::shared_ptr<const io::TempFile> from, std::uint64_t max_bytes,
                              io::TempFile& to);

}  // namespace m3u_proxy::net
