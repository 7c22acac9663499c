#include <array>
#include <cassert>
#include <charconv>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/postgres/postgres_connection.hpp>
#include <m3u_proxy/store/postgres/postgres_error.hpp>

namespace m3u_proxy::store::postgres {
namespace {

// pg_type.dat
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kFloat8 = 701;
constexpr int kOldestServer = 120000;
constexpr int kBase = 10;
constexpr std::size_t kCopyPiece = std::size_t{64} << 10U;
constexpr std::string_view kCopyTimeout = "10min";

class Answer {
 public:
  Answer(const PostgresLibrary& postgres, PGresult* result)
      : postgres_(&postgres), result_(result) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() { postgres_->PQclear(result_); }
  [[nodiscard]] PGresult* get() const { return result_; }

 private:
  const PostgresLibrary* postgres_;
  PGresult* result_;
};

class PostgresRow final : public sql::Row {
 public:
  PostgresRow(const PostgresLibrary& postgres, const PGresult* result)
      : postgres_(&postgres), result_(result) {}
  [[nodiscard]] bool is_null(int column) const override {
    return postgres_->PQgetisnull(result_, 0, column) != 0;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    return number<std::int64_t>(column);
  }
  [[nodiscard]] double real(int column) const override { return number<double>(column); }
  [[nodiscard]] std::string_view text(int column) const override {
    return {postgres_->PQgetvalue(result_, 0, column),
            static_cast<std::size_t>(postgres_->PQgetlength(result_, 0, column))};
  }

 private:
  template <typename T>
  [[nodiscard]] T number(int column) const {
    T value{};
    const std::string_view digits = text(column);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

  const PostgresLibrary* postgres_;
  const PGresult* result_;
};

/// Parameters as libpq wants them: texts with their types.
struct Parameters {
  explicit Parameters(std::span<const sql::Value> values) {
    numbers.reserve(values.size());
    for (const sql::Value& value : values) add(value.content());
  }

  void add(const sql::Value::Content& content) {
    if (const auto* integer = std::get_if<std::int64_t>(&content)) {
      numbers.push_back(fmt::format("{}", *integer));
      add(kInt8, numbers.back().c_str());
    } else if (const auto* real = std::get_if<double>(&content)) {
      numbers.push_back(fmt::format("{}", *real));
      add(kFloat8, numbers.back().c_str());
    } else if (const auto* text = std::get_if<std::string>(&content)) {
      add(kText, text->c_str());
    } else {
      add(0, nullptr);
    }
  }
  void add(Oid type, const char* value) {
    types.push_back(type);
    pointers.push_back(value);
  }

  std::vector<std::string> numbers;
  std::vector<Oid> types;
  std::vector<const char*> pointers;
};

/// A value in the text format of COPY.
void append_copied(std::string& out, const sql::Value::Content& content) {
  if (const auto* integer = std::get_if<std::int64_t>(&content)) {
    fmt::format_to(std::back_inserter(out), "{}", *integer);
  } else if (const auto* real = std::get_if<double>(&content)) {
    fmt::format_to(std::back_inserter(out), "{}", *real);
  } else if (const auto* text = std::get_if<std::string>(&content)) {
    for (const char c : *text) {
      constexpr std::string_view kSpecial = "\\\n\r\t";
      constexpr std::string_view kWritten = "\\nrt";
      const std::size_t at = kSpecial.find(c);
      if (at != std::string_view::npos) out.push_back('\\');
      out.push_back(at == std::string_view::npos ? c : kWritten[at]);
    }
  } else {
    out += "\\N";
  }
}

void log_notice(void* /*connection*/, const char* message) {
  log::debug("store", "PostgreSQL: {}", message);
}

}  // namespace

Result<std::string> place_of(const std::string& url) {
  M3U_TRY(const PostgresLibrary* const postgres, postgres_library());
  char* message = nullptr;
  PQconninfoOption* options = postgres->PQconninfoParse(url.c_str(), &message);
  if (options == nullptr) {
    // The message would quote the address, and with it a password.
    postgres->PQfreemem(message);
    return fail(ErrorCode::kConfig, "database.url is not an address of PostgreSQL",
                "postgresql://user:password@host:5432/name, special characters as %XX");
  }
  std::string host = "local";
  std::string port = "5432";
  std::string name;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = option->val;
    if (keyword == "dbname") name = option->val;
  }
  postgres->PQconninfoFree(options);
  return fmt::format("postgresql://{}:{}/{}", host, port, name);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url,
                                                                     const std::string& place) {
  M3U_TRY(const PostgresLibrary* const postgres, postgres_library());
  // What precedes dbname is a default that the address may change.
  constexpr std::array kKeywords = {"connect_timeout",
                                    "fallback_application_name",
                                    "keepalives_idle",
                                    "tcp_user_timeout",
                                    "dbname",
                                    "client_encoding",
                                    static_cast<const char*>(nullptr)};
  const std::array kValues = {
      "10", "m3u-proxy", "30", "20000", url.c_str(), "UTF8", static_cast<const char*>(nullptr)};
  PGconn* handle = postgres->PQconnectdbParams(kKeywords.data(), kValues.data(), 1);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(*postgres, handle, place));
  if (postgres->PQstatus(handle) != CONNECTION_OK) {
    // Before a session there is no SQLSTATE, only the text.
    const std::string_view message = postgres->PQerrorMessage(handle);
    std::string_view state;
    if (message.find("authentication failed") != std::string_view::npos) state = "28P01";
    if (message.find("no password supplied") != std::string_view::npos) state = "28P01";
    if (message.find("role \"") != std::string_view::npos) state = "28000";
    if (message.find("database \"") != std::string_view::npos) state = "3D000";
    return fail(error_of(place, state, message));
  }
  M3U_CHECK(connection->configure());
  return connection;
}

PostgresConnection::~PostgresConnection() { postgres_->PQfinish(handle_); }

Result<> PostgresConnection::configure() {
  postgres_->PQsetNoticeProcessor(handle_, log_notice, nullptr);
  if (postgres_->PQserverVersion(handle_) < kOldestServer)
    return fail(ErrorCode::kConfig, place_ + ": the server is older than PostgreSQL 12",
                "upgrade the server");
  return script(
      "SET timezone = 'UTC'; SET lock_timeout = '30s'; SET statement_timeout = '60s';"
      "SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;"
      "SET extra_float_digits = 1");
}

std::unexpected<Error> PostgresConnection::failure(const PGresult* result) {
  const char* state =
      result == nullptr ? nullptr : postgres_->PQresultErrorField(result, PG_DIAG_SQLSTATE);
  state_ = state == nullptr ? "" : state;
  const char* message =
      result == nullptr ? nullptr : postgres_->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return fail(
      error_of(place_, state_, message == nullptr ? postgres_->PQerrorMessage(handle_) : message));
}

void PostgresConnection::drain() {
  while (PGresult* rest = postgres_->PQgetResult(handle_)) postgres_->PQclear(rest);
}

Result<std::int64_t> PostgresConnection::run(std::string_view statement,
                                             std::span<const sql::Value> values,
                                             const OnRow& on_row) {
  M3U_CHECK(sql::check_values(values));
  state_.clear();
  const Parameters parameters(values);
  if (postgres_->PQsendQueryParams(handle_, std::string(statement).c_str(),
                                   static_cast<int>(values.size()), parameters.types.data(),
                                   parameters.pointers.data(), nullptr, nullptr, 0) == 0)
    return failure(nullptr);
  // Row by row, so that an answer's size does not matter.
  postgres_->PQsetSingleRowMode(handle_);
  std::int64_t count = 0;
  for (;;) {
    const Answer answer(*postgres_, postgres_->PQgetResult(handle_));
    if (answer.get() == nullptr) return count;
    Result<> step;
    switch (postgres_->PQresultStatus(answer.get())) {
      case PGRES_SINGLE_TUPLE:
        ++count;
        step = on_row(PostgresRow(*postgres_, answer.get()));
        break;
      case PGRES_TUPLES_OK:
        break;
      case PGRES_COMMAND_OK: {
        const std::string_view tuples = postgres_->PQcmdTuples(answer.get());
        std::from_chars(tuples.data(), tuples.data() + tuples.size(), count, kBase);
        break;
      }
      default:
        step = failure(answer.get());
    }
    if (step) continue;
    drain();
    return fail(std::move(step).error());
  }
}

Result<> PostgresConnection::script(std::string_view statements) {
  state_.clear();
  const Answer answer(*postgres_, postgres_->PQexec(handle_, std::string(statements).c_str()));
  const ExecStatusType status = postgres_->PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return failure(answer.get());
}

Result<std::int64_t> PostgresConnection::append(std::string_view table,
                                                std::span<const std::string_view> columns,
                                                const RowSource& next) {
  M3U_CHECK(script(fmt::format("SET LOCAL statement_timeout = '{}'", kCopyTimeout)));
  const std::string statement =
      fmt::format("COPY {} ({}) FROM STDIN", table, fmt::join(columns, ", "));
  {
    const Answer begun(*postgres_, postgres_->PQexec(handle_, statement.c_str()));
    if (postgres_->PQresultStatus(begun.get()) != PGRES_COPY_IN) return failure(begun.get());
  }
  auto sent = send_rows(columns.size(), next);
  postgres_->PQputCopyEnd(handle_, sent ? nullptr : "the rows broke off");
  Result<> ended = end_copy();
  if (sent && !ended) return fail(std::move(ended).error());
  return sent;
}

Result<> PostgresConnection::end_copy() {
  Result<> ended;
  while (PGresult* const result = postgres_->PQgetResult(handle_)) {
    const Answer answer(*postgres_, result);
    if (postgres_->PQresultStatus(result) != PGRES_COMMAND_OK && ended) ended = failure(result);
  }
  return ended;
}

Result<> PostgresConnection::copy_out(std::string_view table, const OnLine& on_line) {
  state_.clear();
  const std::string statement = fmt::format("COPY {} TO STDOUT", table);
  {
    const Answer begun(*postgres_, postgres_->PQexec(handle_, statement.c_str()));
    if (postgres_->PQresultStatus(begun.get()) != PGRES_COPY_OUT) return failure(begun.get());
  }
  Result<> taken;
  char* line = nullptr;
  int size = 0;
  while ((size = postgres_->PQgetCopyData(handle_, &line, 0)) > 0) {
    if (taken) taken = on_line({line, static_cast<std::size_t>(size)});
    postgres_->PQfreemem(line);
  }
  constexpr int kBroken = -2;  // there may be no end to read any more
  Result<> ended = size == kBroken ? Result<>(failure(nullptr)) : end_copy();
  return taken ? ended : taken;
}

Result<std::int64_t> PostgresConnection::send_rows(std::size_t columns, const RowSource& next) {
  std::string buffer;
  const auto send = [&]() -> Result<> {
    if (postgres_->PQputCopyData(handle_, buffer.data(), static_cast<int>(buffer.size())) != 1)
      return failure(nullptr);
    buffer.clear();
    return {};
  };
  std::vector<sql::Value> row;
  for (std::int64_t count = 0;; ++count) {
    row.clear();
    M3U_TRY(const bool any, next(row));
    if (!any) {
      M3U_CHECK(send());
      return count;
    }
    assert(row.size() == columns);
    M3U_CHECK(sql::check_values(row));
    for (std::size_t i = 0; i < columns; ++i) {
      if (i > 0) buffer.push_back('\t');
      append_copied(buffer, row[i].content());
    }
    buffer.push_back('\n');
    if (buffer.size() >= kCopyPiece) M3U_CHECK(send());
  }
}

const sql::Dialect& PostgresConnection::dialect() const {
  // Names sort by their bytes, as in SQLite, whatever language the database speaks.
  static constexpr sql::Dialect kDialect{
      .skip_locked = " FOR UPDATE SKIP LOCKED",
      .for_update = " FOR UPDATE",
      .text = "text COLLATE \"C\"",
      .integer = "bigint",
      .real = "double precision",
      .serial = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
      .table_end = ""};
  return kDialect;
}

bool PostgresConnection::is_lost() const { return postgres_->PQstatus(handle_) != CONNECTION_OK; }

bool PostgresConnection::is_alive() {
  if (is_lost()) return false;
  pollfd socket{.fd = postgres_->PQsocket(handle_), .events = POLLIN, .revents = 0};
  // Between statements a server has nothing to say but good-bye.
  return ::poll(&socket, 1, 0) == 0;
}

int PostgresConnection::socket() const { return postgres_->PQsocket(handle_); }

Result<> PostgresConnection::take_notifications(const OnNotification& on_notification) {
  state_.clear();
  if (postgres_->PQconsumeInput(handle_) == 0) return failure(nullptr);
  while (PGnotify* notification = postgres_->PQnotifies(handle_)) {
    on_notification(notification->extra);
    postgres_->PQfreemem(notification);
  }
  return {};
}

std::int64_t PostgresConnection::announced_process() const {
  return postgres_->PQbackendPID(handle_);
}

}  // namespace m3u_proxy::store::postgres
