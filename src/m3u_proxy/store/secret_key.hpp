// SecretKey: the key of this installation, with which the store seals what must not be readable in
// a copy of the database: accounts of providers.
//
// libsodium's secretbox (XSalsa20 and Poly1305) with a random nonce. All replicas of one database
// hold the same key; the database knows its id and refuses another.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store {

class SecretKey {
 public:
  static constexpr std::size_t kSize = 32;

  /// Reads `folder`/secret.key, or makes one there (mode 0600) when there is none; of several
  /// processes that do so at once one wins. Warns when others may read the file.
  /// Errors: kIo, kNotFound (no such folder), kParse (the file is not a key).
  static Result<SecretKey> open(const std::filesystem::path& folder);
  /// Gives `folder` the key that `given`, a file like secret.key, holds, when it has none yet. All
  /// of it appears at once, with mode 0600. Does nothing where it has the same key.
  /// Errors: kIo, kNotFound, kParse (it is not a key), kConflict (the folder has another).
  static Result<> adopt(const std::filesystem::path& folder, const std::filesystem::path& given);
  /// A key of 32 bytes that come from elsewhere. Errors: kInvalidArgument, kIo.
  static Result<SecretKey> of_bytes(std::string_view bytes);

  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  /// 16 hex digits by which a key is told from another and which give nothing of it away.
  [[nodiscard]] const std::string& id() const { return id_; }
  /// The sealed text, printable. `context` says what it is of (an entity's id): it opens with the
  /// same context only, so sealed texts can't be exchanged among rows. Thread-safe.
  [[nodiscard]] Result<std::string> seal(std::string_view context, std::string_view text) const;
  /// Error: kParse, when it was sealed with another key or context, or was changed.
  [[nodiscard]] Result<std::string> open(std::string_view context, std::string_view sealed) const;
  /// What only who has the key can make of a text: BLAKE2b-256 under the key, in 64 hex digits.
  /// `purpose` keeps what is made for one thing from being good for another. Thread-safe.
  /// Error: kIo (no libsodium).
  [[nodiscard]] Result<std::string> sign(std::string_view purpose, std::string_view text) const;

 private:
  SecretKey() = default;

  std::array<std::uint8_t, kSize> key_{};
  std::string id_;
};

}  // namespace m3u_proxy::store
