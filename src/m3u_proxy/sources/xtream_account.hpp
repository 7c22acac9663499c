// Xtream account: what an xtream:// or xtreams:// address says, and the addresses that the Xtream
// Codes API has for it.
//
//   xtream://USER:PASSWORD@HOST[:PORT][?live&vod&series&categories=News,Sport&…]
//
// User, password and categories are percent-encoded. Pure, but for the password's file or variable.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/folder_guard.hpp>

namespace m3u_proxy::sources {

enum class XtreamKind : std::uint8_t { kLive, kVod, kSeries };
inline constexpr XtreamKind kXtreamKinds[] = {XtreamKind::kLive, XtreamKind::kVod,
                                              XtreamKind::kSeries};

struct XtreamAccount {
  std::string server{};  ///< "http://host:port"
  std::string user{};
  std::string password{};
  /// Where the password is instead, while it was not looked for there.
  std::optional<std::string> password_file{};
  std::optional<std::string> password_env{};  ///< a variable of the environment
  bool live = false;                          ///< all three false: live
  bool vod = false;
  bool series = false;
  std::vector<std::string> categories{};  ///< folded names, or ids; none: all
  std::string output{};                   ///< "ts" or "m3u8"; "": what the account allows
  std::uint32_t episodes = 20;            ///< series whose episodes are asked for in one run
  /// Between two requests to the account.
  std::chrono::milliseconds delay = std::chrono::seconds(1);

  [[nodiscard]] bool wants(XtreamKind kind) const;
  /// player_api.php, with `action` and parameters such as "&series_id=7"; "" for the account.
  [[nodiscard]] std::string api_url(std::string_view action,
                                    std::string_view parameters = {}) const;
  [[nodiscard]] std::string guide_url() const;
  /// Where a stream is played; `extension` without its dot.
  [[nodiscard]] std::string stream_url(XtreamKind kind, std::string_view id,
                                       std::string_view extension) const;
  /// Tells accounts apart, whatever else the address says.
  [[nodiscard]] std::string key() const;
};

bool is_xtream_url(std::string_view text);

/// What the address says; no file and no variable is looked at. Error: kInvalidArgument, without
/// credentials.
Result<XtreamAccount> read_xtream_url(std::string_view url);

/// Whether somebody who may read files below `folders` alone may have the password read from where
/// the address says: what it is goes to the server that the same address names, so it is no
/// variable. Error: kInvalidArgument.
Result<> check_password_place(const XtreamAccount& account, const io::FolderGuard& folders);

/// Reads the address, and the password from where it says (`password_file`, `password_env`), if
/// `folders`, where there are any, let it.
/// Error: kInvalidArgument, without credentials; kNotFound, kIo (of the file).
Result<XtreamAccount> parse_xtream_url(std::string_view url,
                                       const io::FolderGuard* folders = nullptr);

}  // namespace m3u_proxy::sources
