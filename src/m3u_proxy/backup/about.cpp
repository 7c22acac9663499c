#include <array>

#include <fmt/format.h>

#include <m3u_proxy/backup/about.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/store/base64url.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::backup {
namespace {

constexpr std::string_view kCheckContext = "backup";
constexpr std::string_view kCheckText = "m3u-proxy";
/// What an archive may make us spend on its passphrase.
constexpr std::uint32_t kMostPasses = 100;
constexpr std::uint32_t kMostMemoryMb = 64;

class Members {
 public:
  explicit Members(const ConfigNode& table) : table_(table) {}
  [[nodiscard]] std::string text(std::string_view name) const {
    const ConfigMember* const member = table_.find(name);
    return member == nullptr ? "" : member->value.text;
  }
  [[nodiscard]] std::int64_t number(std::string_view name) const {
    const ConfigMember* const member = table_.find(name);
    return member == nullptr ? 0 : member->value.integer;
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const ConfigMember* const member = table_.find(name);
    return member != nullptr && member->value.boolean;
  }

 private:
  const ConfigNode& table_;
};

std::unexpected<Error> wrong() {
  return fail(ErrorCode::kParse, "this is no backup of m3u-proxy",
              "a backup is what m3u-proxy backup, or POST /api/v1/backups, has made");
}

Result<store::SecretKey> derive(std::string_view passphrase, const Derivation& how,
                                memory::Budget& budget) {
  if (passphrase.empty() || passphrase.size() > kLongestPassphrase)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a passphrase has 1 to {} bytes", kLongestPassphrase));
  if (how.passes < 1 || how.passes > kMostPasses || how.memory_mb < 1 ||
      how.memory_mb > kMostMemoryMb)
    return wrong();
  M3U_TRY(const store::SodiumLibrary* const sodium, store::sodium_library());
  M3U_TRY(const std::string salt, store::from_base64url(how.salt));
  if (salt.size() != crypto_pwhash_SALTBYTES) return wrong();
  M3U_TRY(const auto reserved, budget.reserve(memory::Tag::kStore, mib(how.memory_mb)));
  std::string bytes(store::SecretKey::kSize, '\0');
  if (sodium->crypto_pwhash(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                            passphrase.data(), passphrase.size(),
                            reinterpret_cast<const unsigned char*>(salt.data()), how.passes,
                            mib(how.memory_mb).count, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::kOverBudget, "there is no memory for the passphrase");
  auto key = store::SecretKey::of_bytes(bytes);
  sodium->sodium_memzero(bytes.data(), bytes.size());
  return key;
}

}  // namespace

std::string to_json(const About& about) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("what", "a backup of m3u-proxy")
      .member("format", about.format)
      .member("schema", about.schema)
      .member("program", std::string_view(about.program))
      .member("created", std::string_view(about.created))
      .member("snapshots", about.snapshots)
      .member("installation", std::string_view(about.installation))
      .key("secrets")
      .begin_object()
      .member("sealed_with", about.passphrase ? "passphrase" : "key");
  if (about.passphrase)
    json.member("salt", std::string_view(about.passphrase->salt))
        .member("passes", about.passphrase->passes)
        .member("memory_mb", about.passphrase->memory_mb);
  else
    json.member("key", std::string_view(about.key));
  json.member("check", std::string_view(about.check)).end_object().end_object();
  text.push_back('\n');
  return text;
}

Result<About> parse_about(std::string_view json, int schema) {
  const auto parsed = config::parse_json(json, kAboutName);
  if (!parsed || parsed->kind != ConfigNode::Kind::kTable) return wrong();
  const Members members(*parsed);
  About about;
  about.format = static_cast<int>(members.number("format"));
  about.schema = static_cast<int>(members.number("schema"));
  about.program = members.text("program");
  if (about.format < 1 || about.schema < 1) return wrong();
  if (about.format > kFormat || about.schema > schema)
    return fail(ErrorCode::kConfig,
                fmt::format("the backup is of a newer m3u-proxy ({:.40}; format {}, schema {}); "
                            "this one knows format {} and schema {}",
                            about.program, about.format, about.schema, kFormat, schema),
                "restore it with that program, or upgrade this one");
  about.created = members.text("created");
  about.snapshots = members.flag("snapshots");
  about.installation = members.text("installation");
  const ConfigMember* const secrets = parsed->find("secrets");
  if (secrets == nullptr || secrets->value.kind != ConfigNode::Kind::kTable) return wrong();
  const Members sealed(secrets->value);
  about.check = sealed.text("check");
  about.key = sealed.text("key");
  if (sealed.text("sealed_with") == "passphrase")
    about.passphrase =
        Derivation{.salt = sealed.text("salt"),
                   .passes = static_cast<std::uint32_t>(sealed.number("passes")),
                   .memory_mb = static_cast<std::uint32_t>(sealed.number("memory_mb"))};
  else if (sealed.text("sealed_with") != "key")
    return wrong();
  return about;
}

Result<store::SecretKey> seal_with_passphrase(std::string_view passphrase, memory::Budget& budget,
                                              About& about) {
  M3U_TRY(const store::SodiumLibrary* const sodium, store::sodium_library());
  std::string salt(crypto_pwhash_SALTBYTES, '\0');
  sodium->randombytes_buf(salt.data(), salt.size());
  Derivation how;
  M3U_TRY(how.salt, store::to_base64url(salt));
  about.passphrase = how;
  return derive(passphrase, how, budget);
}

Result<> add_check(const store::SecretKey& key, About& about) {
  M3U_TRY(about.check, key.seal(kCheckContext, kCheckText));
  return {};
}

Result<std::optional<store::SecretKey>> open_secrets(const About& about,
                                                     std::string_view passphrase,
                                                     const store::SecretKey& own,
                                                     memory::Budget& budget) {
  if (!about.passphrase) {
    if (about.key == own.id()) return own;
    return std::nullopt;
  }
  if (passphrase.empty()) return std::nullopt;
  M3U_TRY(const store::SecretKey key, derive(passphrase, *about.passphrase, budget));
  if (key.open(kCheckContext, about.check)) return key;
  return fail(ErrorCode::kInvalidArgument, "the passphrase is not the one of this backup",
              "give the one with which it was made");
}

}  // namespace m3u_proxy::backup
