// About: what a backup says of itself first: by which program it was made, of which schema, and
// what its secrets are sealed with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/secret_key.hpp>

namespace m3u_proxy::backup {

/// The file that it is.
inline constexpr std::string_view kAboutName = "backup.json";
constexpr std::size_t kLargestAbout = std::size_t{64} << 10U;
/// Of the archive: names and members of what is in it. A reader refuses a newer one.
constexpr int kFormat = 1;
constexpr std::size_t kLongestPassphrase = 1024;

/// How a key follows from a passphrase: argon2id.
struct Derivation {
  std::string salt{};  ///< base64url of 16 bytes
  std::uint32_t passes = 10;
  std::uint32_t memory_mb = 12;
};

struct About {
  int format = kFormat;
  int schema = 0;  ///< of the store that it was made of
  std::string program{};
  std::string created{};  ///< RFC 3339
  bool snapshots = false;
  /// What its secrets are sealed with: a passphrase, or else the installation's key of this id.
  std::optional<Derivation> passphrase{};
  std::string key{};
  /// A known text, sealed, by which a wrong passphrase is recognised.
  std::string check{};
  /// A hash of what the addresses in published files are recognised by (the setting
  /// `installation`); empty: there is none yet.
  std::string installation{};
};

std::string to_json(const About& about);
/// Errors: kParse; kConfig for one that is newer than this program, saying which program to use.
Result<About> parse_about(std::string_view json, int schema);

/// A new key of a passphrase; its derivation is put into `about`. Errors: kInvalidArgument (empty,
/// or longer than 1024 bytes), kOverBudget, kIo (no libsodium).
Result<store::SecretKey> seal_with_passphrase(std::string_view passphrase, memory::Budget& budget,
                                              About& about);
/// Fills `about.check`.
Result<> add_check(const store::SecretKey& key, About& about);

/// The key that opens the backup's secrets. nullopt: none that is at hand. Errors:
/// kInvalidArgument (a wrong passphrase), kParse, kOverBudget, kIo.
Result<std::optional<store::SecretKey>> open_secrets(const About& about,
                                                     std::string_view passphrase,
                                                     const store::SecretKey& own,
                                                     memory::Budget& budget);

}  // namespace m3u_proxy::backup
