// Connection: one session of a database, as the store's statements see it: the same SQL for
// SQLite and PostgreSQL, with parameters $1, $2 … and what differs in a Dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::store::sql {

/// A parameter of a statement. An empty optional is NULL.
class Value {
 public:
  using Content = std::variant<std::monostate, std::int64_t, double, std::string>;

  Value() = default;
  Value(int value) : content_(std::int64_t{value}) {}  // NOLINT(*-explicit-*)
  Value(std::int64_t value) : content_(value) {}       // NOLINT(*-explicit-*)
  Value(std::uint64_t value)                           // NOLINT(*-explicit-*)
      : content_(static_cast<std::int64_t>(value)) {}
  Value(bool value) : content_(std::int64_t{value ? 1 : 0}) {}     // NOLINT(*-explicit-*)
  Value(double value) : content_(value) {}                         // NOLINT(*-explicit-*)
  Value(const char* value) : content_(std::string(value)) {}       // NOLINT(*-explicit-*)
  Value(std::string value) : content_(std::move(value)) {}         // NOLINT(*-explicit-*)
  Value(std::string_view value) : content_(std::string(value)) {}  // NOLINT(*-explicit-*)
  Value(const Uuid& value) : content_(to_string(value)) {}         // NOLINT(*-explicit-*)
  Value(Time value) : content_(std::int64_t{value.time_since_epoch().count()}) {}  // NOLINT
  template <typename T>
  Value(const std::optional<T>& value) {  // NOLINT(*-explicit-*)
    if (value) *this = Value(*value);
  }

  [[nodiscard]] const Content& content() const { return content_; }

 private:
  Content content_;
};

/// A row of an answer; columns count from 0. What a column is not is 0 or empty.
class Row {
 public:
  Row() = default;
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;
  virtual ~Row() = default;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  /// Valid until the next row.
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
};

/// Reads a row's columns from left to right.
class Columns {
 public:
  explicit Columns(const Row& row) : row_(&row) {}
  std::int64_t integer() { return row_->integer(next_++); }
  std::uint64_t count() { return static_cast<std::uint64_t>(integer()); }
  double real() { return row_->real(next_++); }
  bool boolean() { return integer() != 0; }
  std::string text() { return std::string(row_->text(next_++)); }
  std::string_view view() { return row_->text(next_++); }
  std::optional<std::string> optional_text() {
    const int column = next_++;
    if (row_->is_null(column)) return std::nullopt;
    return std::string(row_->text(column));
  }
  std::optional<bool> optional_boolean() {
    const int column = next_++;
    if (row_->is_null(column)) return std::nullopt;
    return row_->integer(column) != 0;
  }
  /// The nil id where there is none.
  Uuid uuid() { return parse_uuid(view()).value_or(Uuid{}); }
  Time time() { return Time(Duration(integer())); }

 private:
  const Row* row_;
  int next_ = 0;
};

/// What the two databases spell differently.
struct Dialect {
  std::string_view skip_locked;  ///< ends a subquery that takes rows nobody else has locked
  std::string_view for_update;   ///< ends a query whose rows stay as they are until the end
  std::string_view text, integer, real, serial, table_end;  ///< in schemas
};

class Connection {
 public:
  using OnRow = std::function<Result<>(const Row&)>;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Runs one statement; `on_row` sees each row of the answer, and its error ends the statement.
  /// Returns how many rows were changed, or answered. Rows are not collected anywhere.
  /// Errors: kConflict (a key that is there already), kInvalidArgument (text that is not UTF-8 or
  /// has a zero byte), kUnavailable (locked, disconnected), kDiskFull, kOverBudget, kIo, kInternal.
  virtual Result<std::int64_t> run(std::string_view statement, std::span<const Value> values,
                                   const OnRow& on_row) = 0;
  /// Runs statements without parameters, divided by semicolons.
  virtual Result<> script(std::string_view statements) = 0;
  [[nodiscard]] virtual const Dialect& dialect() const = 0;

  /// Fills `row` (empty) with the values of the next row; false: there are no more.
  using RowSource = std::function<Result<bool>(std::vector<Value>& row)>;
  /// Adds many rows to a table, within a transaction, in the way that is fastest here. `next` gives
  /// as many values as there are `columns` and must not use the connection; its error ends it all.
  /// How many rows. Errors: as run().
  virtual Result<std::int64_t> append(std::string_view table,
                                      std::span<const std::string_view> columns,
                                      const RowSource& next);
};

/// Runs a statement that answers nothing; returns how many rows it changed.
inline Result<std::int64_t> execute(Connection& connection, std::string_view statement,
                                    std::initializer_list<Value> values = {}) {
  return connection.run(statement, std::span(values.begin(), values.size()),
                        [](const Row&) -> Result<> { return {}; });
}

/// The first row, through `make(Columns&)`, or nothing.
template <typename Make>
auto query_one(Connection& connection, std::string_view statement,
               std::initializer_list<Value> values, const Make& make)
    -> Result<std::optional<decltype(make(std::declval<Columns&>()))>> {
  std::optional<decltype(make(std::declval<Columns&>()))> found;
  M3U_CHECK(connection.run(statement, std::span(values.begin(), values.size()),
                           [&](const Row& row) -> Result<> {
                             Columns columns(row);
                             if (!found) found = make(columns);
                             return {};
                           }));
  return found;
}

/// All rows, through `make(Columns&)`.
template <typename Make>
auto query_all(Connection& connection, std::string_view statement,
               std::initializer_list<Value> values, const Make& make)
    -> Result<std::vector<decltype(make(std::declval<Columns&>()))>> {
  std::vector<decltype(make(std::declval<Columns&>()))> found;
  M3U_CHECK(connection.run(statement, std::span(values.begin(), values.size()),
                           [&](const Row& row) -> Result<> {
                             Columns columns(row);
                             found.push_back(make(columns));
                             return {};
                           }));
  return found;
}

/// Error kInvalidArgument when a text among the values can't be stored everywhere alike.
Result<> check_values(std::span<const Value> values);

}  // namespace m3u_proxy::store::sql
