// Passwords: argon2id hashes of people's passwords, in memory that the Budget knows.
//
// Every guess costs 7 or 12 MiB and some ten milliseconds (OWASP's sets for argon2id), whichever
// the memory limit allows; the parameters are part of the hash, so they can grow later.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::store {

/// Thread-safe: one hash at a time, later callers wait.
class Passwords {
 public:
  static constexpr std::size_t kLongest = 1024;

  explicit Passwords(memory::Budget& budget) : budget_(&budget) {}

  /// The hash to keep. Errors: kInvalidArgument (empty or longer than kLongest), kOverBudget, kIo.
  Result<std::string> hash(std::string_view password);
  /// Whether it is the password of `hash`. Errors: kParse (no hash of ours), kOverBudget, kIo.
  Result<bool> verify(std::string_view password, const std::string& hash);
  /// Whether hash() would make a stronger or weaker one today: then make it at the next login.
  Result<bool> needs_new_hash(const std::string& hash);

 private:
  struct Cost {
    unsigned long long passes;
    Bytes memory;
  };
  [[nodiscard]] Cost cost() const;

  memory::Budget* budget_;
  std::mutex mutex_;
};

}  // namespace m3u_proxy::store
