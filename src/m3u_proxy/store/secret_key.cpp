#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/store/base64url.hpp>
#include <m3u_proxy/store/random_id.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::store {
namespace {

constexpr std::string_view kFileName = "secret.key";
constexpr std::string_view kHead = "m3u-proxy-key-1 ";
constexpr std::size_t kLargestFile = 256;
constexpr std::size_t kIdBytes = 8;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthers = 077;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// What a key file holds, without the end of its line.
Result<std::string> read_line(const io::Descriptor& file, const std::filesystem::path& path) {
  std::array<char, kLargestFile> buffer{};
  // Not at a position: a key may be given by a pipe.
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("cannot read the secret key " + path.string(), errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return std::string(trim({buffer.data(), size}));
}

Result<SecretKey> parse_key(std::string_view line, const std::filesystem::path& path) {
  if (line.starts_with(kHead)) {
    const auto bytes = from_base64url(line.substr(kHead.size()));
    if (bytes && bytes->size() == SecretKey::kSize) return SecretKey::of_bytes(*bytes);
    if (!bytes && bytes.error().code != ErrorCode::kParse) return fail(bytes.error());
  }
  return fail(ErrorCode::kParse, path.string() + " is not a secret key of m3u-proxy",
              "put back the file from a backup; without it accounts have to be entered again");
}

Result<io::Descriptor> open_key(const std::filesystem::path& path) {
  io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid())
    return fail(system_error("cannot read the secret key " + path.string(), errno));
  return file;
}

Result<SecretKey> read_key(const std::filesystem::path& path) {
  M3U_TRY(const io::Descriptor file, open_key(path));
  struct stat info{};
  if (::fstat(file.get(), &info) == 0 && (info.st_mode & kOthers) != 0)
    log::warn("store", "{} can be read by others; chmod 600 {}", path.string(), path.string());
  M3U_TRY(const std::string line, read_line(file, path));
  return parse_key(line, path);
}

/// Makes `path` with this line, unless it is there by now.
Result<> make_file(const std::filesystem::path& path, std::string_view line) {
  M3U_TRY(const Uuid unique, random_id());
  const std::string what = "cannot make the secret key " + path.string();
  const std::filesystem::path temporary =
      path.parent_path() / fmt::format(".secret-{}.tmp", to_string(unique));
  {
    const io::Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (!file.valid()) return fail(system_error(what, errno));
    Result<> written = io::write_all(file.get(), fmt::format("{}\n", line), what);
    if (written && ::fsync(file.get()) != 0) written = fail(system_error(what, errno));
    // Unlike a rename, a link never replaces the key of a faster process.
    if (written && ::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)
      written = fail(system_error(what, errno));
    ::unlink(temporary.c_str());
    M3U_CHECK(written);
  }
  const io::Descriptor folder(
      ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid() && ::fsync(folder.get()) != 0) return fail(system_error(what, errno));
  return {};
}

/// Makes `path` with a new key, unless it is there by now.
Result<> make_key(const std::filesystem::path& path) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::string bytes(SecretKey::kSize, '\0');
  sodium->randombytes_buf(bytes.data(), bytes.size());
  M3U_TRY(const std::string text, to_base64url(bytes));
  return make_file(path, std::string(kHead) + text);
}

}  // namespace

SecretKey::~SecretKey() { ::explicit_bzero(key_.data(), key_.size()); }

Result<SecretKey> SecretKey::open(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  auto key = read_key(path);
  if (key || key.error().code != ErrorCode::kNotFound) return key;
  M3U_CHECK(make_key(path));
  return read_key(path);
}

Result<> SecretKey::adopt(const std::filesystem::path& folder, const std::filesystem::path& given) {
  M3U_TRY(const io::Descriptor file, open_key(given));
  M3U_TRY(const std::string line, read_line(file, given));
  // What is no key would be refused at every start once it is in the folder.
  M3U_TRY(const SecretKey key, parse_key(line, given));
  const std::filesystem::path path = folder / kFileName;
  auto kept = read_key(path);
  if (!kept && kept.error().code == ErrorCode::kNotFound) {
    M3U_CHECK(make_file(path, line));
    kept = read_key(path);
  }
  M3U_CHECK(kept);
  if (kept->key_ == key.key_) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{} is another key than {}", path.string(), given.string()),
              "what is sealed in the database opens with one of them: take the other away");
}

Result<SecretKey> SecretKey::of_bytes(std::string_view bytes) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  SecretKey key;
  if (bytes.size() != key.key_.size())
    return fail(ErrorCode::kInvalidArgument, "a secret key has 32 bytes");
  std::ranges::copy(bytes, key.key_.begin());
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  constexpr std::string_view kPurpose = "m3u-proxy key id";
  sodium->crypto_generichash(hash.data(), hash.size(), bytes_of(kPurpose), kPurpose.size(),
                             key.key_.data(), key.key_.size());
  std::array<char, kIdBytes * 2 + 1> hex{};
  sodium->sodium_bin2hex(hex.data(), hex.size(), hash.data(), kIdBytes);
  key.id_.assign(hex.data(), hex.size() - 1);
  return key;
}

Result<std::string> SecretKey::seal(std::string_view context, std::string_view text) const {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::string plain = fmt::format("{}\n{}", context, text);
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size(), '\0');
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data());
  sodium->randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  sodium->crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES, bytes_of(plain), plain.size(),
                                nonce, key_.data());
  sodium->sodium_memzero(plain.data(), plain.size());
  return to_base64url(sealed);
}

Result<std::string> SecretKey::open(std::string_view context, std::string_view sealed) const {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  constexpr std::size_t kOverhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  const auto bytes = from_base64url(sealed);
  if (bytes && bytes->size() >= kOverhead) {
    std::string plain(bytes->size() - kOverhead, '\0');
    const unsigned char* nonce = bytes_of(*bytes);
    const bool good =
        sodium->crypto_secretbox_open_easy(
            reinterpret_cast<unsigned char*>(plain.data()), nonce + crypto_secretbox_NONCEBYTES,
            bytes->size() - crypto_secretbox_NONCEBYTES, nonce, key_.data()) == 0;
    if (good && plain.size() > context.size() && plain.starts_with(context) &&
        plain[context.size()] == '\n')
      return plain.substr(context.size() + 1);
  }
  return fail(ErrorCode::kParse, "a sealed text does not open with the secret key",
              "put back the key file that belongs to this database");
}

Result<std::string> SecretKey::sign(std::string_view purpose, std::string_view text) const {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  const std::string signed_text = fmt::format("m3u-proxy {}\n{}", purpose, text);
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  sodium->crypto_generichash(hash.data(), hash.size(), bytes_of(signed_text), signed_text.size(),
                             key_.data(), key_.size());
  std::array<char, crypto_generichash_BYTES * 2 + 1> hex{};
  sodium->sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return std::string(hex.data(), hex.size() - 1);
}

}  // namespace m3u_proxy::store
