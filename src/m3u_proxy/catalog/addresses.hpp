// Addresses: every path and file name of ours that is in what we publish, or that players ask for.
// What serves them routes by these, and nothing else spells them.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy::catalog {

// Paths behind the base URL, which has no final slash.
inline constexpr std::string_view kProxyPath = "/proxy/";    ///< {token or name}/{file}
inline constexpr std::string_view kStreamPath = "/stream/";  ///< {token}/{channel}
inline constexpr std::string_view kLogoPath = "/logo/";      ///< {token}/{logo or channel}
inline constexpr std::string_view kLogosPath = "/logos/";    ///< {logo}, where nobody has a token

// The files of a proxy, as players ask for them.
inline constexpr std::string_view kPlaylistName = "playlist.m3u";
inline constexpr std::string_view kGuideName = "guide.xml";

/// The address of a proxy's `file`. `door`, its token or its name, is percent-encoded.
inline std::string proxy_address(std::string_view base_url, std::string_view door,
                                 std::string_view file) {
  return std::string(base_url).append(kProxyPath).append(door).append("/").append(file);
}
/// What precedes a channel's id in the address of its stream.
inline std::string stream_prefix(std::string_view base_url, std::string_view token) {
  return std::string(base_url).append(kStreamPath).append(token) + "/";
}
/// What precedes the id of a logo, or of the channel whose logo it is, in its address. `token` is
/// empty in lists that we do not serve.
inline std::string logo_prefix(std::string_view base_url, std::string_view token) {
  if (token.empty()) return std::string(base_url).append(kLogosPath);
  return std::string(base_url).append(kLogoPath).append(token) + "/";
}
/// What rules, edits and people write for an uploaded logo, followed by its id.
inline constexpr std::string_view kLogoHelper = "@logo:";

// Published files, by the name of their proxy.
inline std::string playlist_file(std::string_view proxy) { return std::string(proxy) + ".m3u"; }
inline std::string guide_file(std::string_view proxy) { return std::string(proxy) + ".xmltv"; }

}  // namespace m3u_proxy::catalog
