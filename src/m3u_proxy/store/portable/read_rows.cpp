#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/store/entity_rows.hpp>
#include <m3u_proxy/store/portable/portable_line.hpp>
#include <m3u_proxy/store/portable/portable_rows.hpp>

namespace m3u_proxy::store::portable {
namespace {

using sql::Connection;

/// In which what is made of it stays recognisable as ours: another would make what was published
/// before unreadable.
constexpr std::string_view kInstallation = "installation";

constexpr std::array<std::string_view, 9> kForget = {
    "DELETE FROM sessions",
    "DELETE FROM tokens",
    "DELETE FROM users",
    "DELETE FROM jobs",
    "DELETE FROM channel_edits",
    "DELETE FROM logos",
    "DELETE FROM entities",
    "DELETE FROM settings WHERE key <> 'installation'",
    "UPDATE proxy_states SET held = 0"};

/// What is left of entities that are not there any more.
constexpr std::array<std::string_view, 6> kTidy = {
    "DELETE FROM source_fetches WHERE source_id NOT IN (SELECT id FROM entities)",
    "DELETE FROM source_snapshots WHERE source_id NOT IN (SELECT id FROM entities)",
    "DELETE FROM generations WHERE proxy_id NOT IN (SELECT id FROM entities)",
    "DELETE FROM proxy_states WHERE proxy_id NOT IN (SELECT id FROM entities)",
    "DELETE FROM runs WHERE proxy_id NOT IN (SELECT id FROM entities)",
    "DELETE FROM store_state WHERE name LIKE 'inputs/%'"
    " AND SUBSTR(name, 8) NOT IN (SELECT id FROM entities)"};

class Reading {
 public:
  Reading(Connection& connection, const ReadOptions& options, LineSource& source)
      : connection_(connection), source_(source), purpose_(options.purpose), reader_(options) {}

  Result<ReadResult> run() {
    M3U_TRY(const auto edits_of_the_file, file_edits());
    for (const std::string_view statement : kForget)
      M3U_CHECK(sql::execute(connection_, statement));
    M3U_TRY(const auto installation,
            sql::query_one(connection_, "SELECT key FROM settings", {},
                           [](sql::Columns& columns) { return columns.text(); }));
    has_installation_ = installation.has_value();
    while (true) {
      M3U_TRY(const Kind* const kind, source_.next_kind());
      if (kind == nullptr) break;
      M3U_CHECK(read(*kind));
    }
    for (const std::string_view statement : kTidy) M3U_CHECK(sql::execute(connection_, statement));
    M3U_CHECK(leave_out(edits_of_the_file));
    // How long a channel has been missing counts anew: an old backup's edits are not out of date.
    if (purpose_ == Purpose::kRestore)
      M3U_CHECK(sql::execute(connection_,
                             "UPDATE channel_edits SET missing_since = 0, misses = 0"
                             " WHERE missing_since > 0"));
    M3U_CHECK(sql::count_revision(connection_));
    return result_;
  }

 private:
  using EditKey = std::pair<std::string, std::string>;

  /// Channels and proxies of which the configuration file has an edit; as many as a file can have.
  Result<std::vector<EditKey>> file_edits() {
    return sql::query_all(connection_,
                          "SELECT channel_id, proxy_id FROM channel_edits WHERE managed_by = $1",
                          {to_string(ManagedBy::kFile)}, [](sql::Columns& columns) {
                            std::string channel = columns.text();
                            return EditKey(std::move(channel), columns.text());
                          });
  }

  Result<> leave_out(const std::vector<EditKey>& edits) {
    for (const auto& [channel, proxy] : edits) {
      M3U_TRY(const std::int64_t rows,
              sql::execute(connection_,
                           "DELETE FROM channel_edits WHERE channel_id = $1 AND proxy_id = $2 AND"
                           " managed_by <> $3",
                           {channel, proxy, to_string(ManagedBy::kFile)}));
      result_.edits_of_the_file += static_cast<std::uint64_t>(rows);
    }
    return {};
  }

  Result<> read(const Kind& kind) {
    std::vector<std::string_view> columns;
    for (const Column& column : kind.columns) columns.push_back(column.name);
    if (!kind.of_kind.empty()) columns.emplace_back("kind");
    number_ = 0;
    if (purpose_ == Purpose::kCheck && kind.name == "edits") {
      std::vector<sql::Value> values;
      while (true) {
        M3U_TRY(const bool any, next(kind, values));
        if (!any) return {};
      }
    }
    const auto added =
        connection_.append(kind.table, columns, [&](auto& values) { return next(kind, values); });
    if (added) return {};
    Error error = added.error();
    // As a database says of a row that refers to one which it does not have.
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kConflict;
    if (error.code == ErrorCode::kConflict)
      error.message =
          fmt::format("{}: something is in it twice, or refers to what is not there", kind.name);
    return fail(std::move(error));
  }

  /// The next row that is to be added.
  Result<bool> next(const Kind& kind, std::vector<sql::Value>& values) {
    while (true) {
      M3U_TRY(const auto line, source_.next_line());
      if (!line) return false;
      ++number_;
      auto row = reader_.read(kind, *line, values);
      if (!row) {
        Error error = std::move(row).error();
        error.message = fmt::format("{}, line {}: {}", kind.name, number_, error.message);
        return fail(std::move(error));
      }
      if (*row == LineReader::Row::kLeftOut || is_kept(kind, values)) continue;
      if (*row == LineReader::Row::kWithoutSecrets) ++result_.without_secrets;
      ++result_.rows;
      return true;
    }
  }

  [[nodiscard]] bool is_kept(const Kind& kind, const std::vector<sql::Value>& values) const {
    return has_installation_ && kind.name == "settings" &&
           std::get<std::string>(values[0].content()) == kInstallation;
  }

  Connection& connection_;
  LineSource& source_;
  Purpose purpose_;
  LineReader reader_;
  bool has_installation_ = false;
  std::uint64_t number_ = 0;
  ReadResult result_;
};

}  // namespace

Result<ReadResult> read_rows(sql::Database& database, const ReadOptions& options,
                             LineSource& source) {
  bool begun = false;
  return sql::transact<ReadResult>(
      database, sql::Access::kExclusive, [&](Connection& connection) -> Result<ReadResult> {
        // The lines can be read once only.
        if (std::exchange(begun, true))
          return fail(ErrorCode::kUnavailable, "the database wanted the restore to be repeated",
                      "try again");
        M3U_TRY(const ReadResult result, Reading(connection, options, source).run());
        for (std::size_t topic = 0; topic < kTopicCount; ++topic)
          M3U_CHECK(database.announce(connection, static_cast<Topic>(topic)));
        return result;
      });
}

}  // namespace m3u_proxy::store::portable
