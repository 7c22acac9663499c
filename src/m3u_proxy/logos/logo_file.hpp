// LogoFile: a picture on disk, ready to be sent; and which bytes are a picture at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::logos {

/// A larger picture is no logo.
inline constexpr std::size_t kLargestLogo = std::size_t{1} << 20U;

struct LogoFile {
  std::shared_ptr<const io::Descriptor> descriptor;
  std::uint64_t bytes = 0;
  std::string type;       ///< such as "image/png"
  std::string etag;       ///< with its quotes
  std::int64_t made = 0;  ///< seconds since 1970
};

/// The type of a picture by its first bytes (PNG, JPEG, GIF, WebP, AVIF, BMP, ICO, SVG); "" for
/// anything else. Nothing is decoded.
std::string_view picture_type(std::string_view bytes);

/// Opens a picture. `etag`: what only the same bytes have. Errors: kNotFound, kIo; kParse when it
/// is none.
Result<LogoFile> open_logo(const std::filesystem::path& path, std::string_view etag);

}  // namespace m3u_proxy::logos
