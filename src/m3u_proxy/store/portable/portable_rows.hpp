// Portable rows: the decisions of a store out of its database as lines of JSON, and back into any
// database.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/store/portable/portable_kinds.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store::portable {

/// The longest line: an entity's body, twice, and sealed.
constexpr std::size_t kLongestLine = std::size_t{64} << 20U;

/// A configuration (JSON) without its secrets.
using HideSecrets = std::function<Result<std::string>(std::string_view config)>;

struct WriteOptions {
  const SecretKey* own = nullptr;   ///< the database's
  const SecretKey* seal = nullptr;  ///< with which secrets are sealed in the lines
  HideSecrets hide{};
};
/// Gets a line without its line feed; valid until it returns.
using LineSink = std::function<Result<>(const Kind&, std::string_view line)>;
/// All kinds, as they are at one moment. One row is in memory at a time. Errors: of the database
/// and of `sink`; kParse (a text that the own key does not open).
Result<> write_rows(sql::Database& database, const WriteOptions& options, const LineSink& sink);

/// Lines, kind by kind.
class LineSource {
 public:
  LineSource() = default;
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;
  virtual ~LineSource() = default;
  /// Goes on to the next kind that has lines; nullptr: there is none.
  virtual Result<const Kind*> next_kind() = 0;
  /// The next line of the kind, valid until the next call; SIMDJSON_PADDING (64) bytes behind it
  /// can be read. nullopt: there is no more of this kind.
  virtual Result<std::optional<std::string_view>> next_line() = 0;
};

enum class Purpose : std::uint8_t {
  kRestore,  ///< everything that was decided before is replaced
  kCheck,    ///< of edits the lines are looked at only; the rest goes into the (scratch) database
  kLook,     ///< the edits go there too
};
struct ReadOptions {
  const SecretKey* own = nullptr;     ///< the database's
  const SecretKey* opened = nullptr;  ///< of the lines; nullptr: what is sealed is left out
  Purpose purpose = Purpose::kRestore;
};
struct ReadResult {
  std::uint64_t rows = 0;
  std::uint64_t without_secrets = 0;  ///< entities whose secrets were left out
  /// Edits that people had made and that are left out: the configuration file has one of the same
  /// channel and proxy.
  std::uint64_t edits_of_the_file = 0;
};
/// Replaces what the store's users decided, in one transaction: everything or nothing. What belongs
/// to entities that are still there afterwards (snapshots, generations, figures) stays, as does the
/// setting `installation` of a database that has one; sessions and jobs end. An edit that somebody
/// made of a channel of which the configuration file manages one now is left out: that holds again
/// as soon as the file is taken over. Everybody who watches
/// the store hears of it. Errors: kParse with the kind and line number, kConflict (twice the same),
/// and those of the database and of `source`.
Result<ReadResult> read_rows(sql::Database& database, const ReadOptions& options,
                             LineSource& source);

}  // namespace m3u_proxy::store::portable
