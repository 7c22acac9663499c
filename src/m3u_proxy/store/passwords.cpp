#include <array>
#include <charconv>

#include <m3u_proxy/store/passwords.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::store {
namespace {

constexpr Bytes kSmallLimit = mib(96);
/// No hash of ours needs more; one from elsewhere must not make us take it.
constexpr std::uint64_t kMostKib = 64 * 1024;
constexpr std::string_view kHead = "$argon2id$v=19$m=";

/// Memory that checking `hash` takes; its parameter m is in KiB.
Result<Bytes> memory_of(std::string_view hash) {
  std::uint64_t kib_used = 0;
  if (hash.starts_with(kHead)) {
    hash.remove_prefix(kHead.size());
    const auto [end, error] = std::from_chars(hash.begin(), hash.end(), kib_used);
    if (error == std::errc{} && kib_used > 0 && kib_used <= kMostKib) return kib(kib_used);
  }
  return fail(ErrorCode::kParse, "it is not a password hash of ours");
}

}  // namespace

Passwords::Cost Passwords::cost() const {
  if (budget_->limit() <= kSmallLimit) return {.passes = 5, .memory = mib(7)};
  return {.passes = 3, .memory = mib(12)};
}

Result<std::string> Passwords::hash(std::string_view password) {
  if (password.empty() || password.size() > kLongest)
    return fail(ErrorCode::kInvalidArgument, "a password has 1 to 1024 bytes");
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  const std::scoped_lock one_at_a_time(mutex_);
  const Cost cost = this->cost();
  M3U_TRY(const auto reserved, budget_->reserve(memory::Tag::kStore, cost.memory));
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (sodium->crypto_pwhash_str(text.data(), password.data(), password.size(), cost.passes,
                                cost.memory.count) != 0)
    return fail(ErrorCode::kOverBudget, "there is no memory to hash a password");
  return std::string(text.data());
}

Result<bool> Passwords::verify(std::string_view password, const std::string& hash) {
  if (password.size() > kLongest) return false;
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  M3U_TRY(const Bytes needed, memory_of(hash));
  const std::scoped_lock one_at_a_time(mutex_);
  M3U_TRY(const auto reserved, budget_->reserve(memory::Tag::kStore, needed));
  return sodium->crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

Result<bool> Passwords::needs_new_hash(const std::string& hash) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  M3U_CHECK(memory_of(hash));
  const Cost cost = this->cost();
  return sodium->crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory.count) != 0;
}

}  // namespace m3u_proxy::store
