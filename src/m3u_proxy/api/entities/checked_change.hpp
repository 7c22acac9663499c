// Checked change: what a check found still holds when the change is made, whoever changes something
// at the same moment, also through another replica.
#pragma once

#include <cstdint>
#include <mutex>
#include <type_traits>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

inline bool is_conflict(const Error& error) { return error.code == ErrorCode::kConflict; }
inline bool is_conflict(const Problem& problem) { return problem.status == 409; }

constexpr int kMostChecks = 5;  ///< of one change

/// Held while a change of this process is checked and made.
inline std::mutex& changing() {
  static std::mutex one;
  return one;
}

/// `work` gets a revision of the store, checks a change by what there is, and makes it as one that
/// was checked at that revision (store::CheckedAt), in one transaction. When that ends in a
/// conflict (an Error or a Problem) and somebody changed something since, it is all done again, up
/// to kMostChecks times: so the answer is that to a change that came later. Those of one process
/// wait for each other, as long as a check takes; so only another replica, the configuration file
/// or a change of settings can come between. Not to be called within `work`, nor where quick
/// answers are made. Errors: those of `work` and of the store. Thread-safe.
template <typename Work>
std::invoke_result_t<const Work&, std::int64_t> check_and_change(store::Store& store,
                                                                 const Work& work) {
  const std::scoped_lock lock(changing());
  for (int checks = 1;; ++checks) {
    M3U_TRY(const std::int64_t revision, store.entities().entities_revision());
    auto done = work(revision);
    if (done || !is_conflict(done.error()) || checks == kMostChecks) return done;
    M3U_TRY(const std::int64_t now, store.entities().entities_revision());
    if (now == revision) return done;
  }
}

}  // namespace m3u_proxy::api
