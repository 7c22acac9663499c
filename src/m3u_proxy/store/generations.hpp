// Generation rows: what a proxy has published, which of it is current, and whether a roll back
// holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/jobs.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

enum class GenerationState : std::uint8_t {
  kCurrent,    ///< what is served
  kCandidate,  ///< made while the proxy was held: waits for its release
  kKept,       ///< for diffs and roll back
};
/// "current", "candidate", "kept".
std::string_view to_string(GenerationState state);

struct GenerationFile {
  std::string name{};
  std::uint64_t bytes = 0;
  std::string content_hash{};
};

struct GenerationRow {
  Uuid proxy{};
  std::int64_t number = 0;  ///< from next_number()
  GenerationState state = GenerationState::kKept;
  Time created{};
  std::int64_t settings_revision = 0;  ///< of the store, before its inputs were read
  std::uint64_t channels = 0;
  std::uint64_t programmes = 0;
  std::uint64_t added = 0;  ///< channels, against the one before
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  std::vector<GenerationFile> files{};  ///< by name
};

/// Under which store_state has what note_inputs() is told.
std::string noted_inputs_name(const Uuid& proxy);

/// Thread-safe. Beside the errors below every function has those of the database.
class Generations {
 public:
  explicit Generations(sql::Database& database) : database_(&database) {}

  /// A number that no generation of the proxy has had, ascending from 1.
  Result<std::int64_t> next_number(const Uuid& proxy);
  /// Adds a finished generation, in one transaction with the end of the current one's time: it is
  /// current then, or a candidate when the proxy is held. `state` is not looked at. Error:
  /// kConflict, when the lease was lost, or a newer generation is there already.
  Result<GenerationState> publish(const GenerationRow& generation,
                                  const std::optional<JobLease>& lease);
  /// Makes an older generation current and holds the proxy, so that the next one does not undo
  /// it. Error: kNotFound.
  Result<> roll_back(const Uuid& proxy, std::int64_t number);
  /// Ends the hold: the newest candidate becomes current, older ones are kept. The number that is
  /// current then. Error: kConflict (it is not held).
  Result<std::int64_t> release(const Uuid& proxy);
  Result<bool> is_held(const Uuid& proxy);

  Result<std::optional<GenerationRow>> current(const Uuid& proxy);
  /// Error: kNotFound.
  Result<GenerationRow> get(const Uuid& proxy, std::int64_t number);
  /// Remembers that a generation, the newest, would be the same if it were made of `inputs`, a word
  /// of the caller's; instead of what was noted of the proxy before.
  Result<> note_inputs(const Uuid& proxy, std::int64_t number, std::string_view inputs);
  /// What was noted of a generation; nullopt: nothing.
  Result<std::optional<std::string>> noted_inputs(const Uuid& proxy, std::int64_t number);
  /// Newest first.
  Result<std::vector<GenerationRow>> list(const Uuid& proxy);
  /// Forgets one. Error: kConflict, when it is current or not there.
  Result<> forget(const Uuid& proxy, std::int64_t number);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
