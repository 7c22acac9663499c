#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/store/portable/portable_rows.hpp>

namespace m3u_proxy::store::portable {
namespace {

using Json = JsonWriter<std::string>;

/// The text of a JSON string that consists of characters that need no escaping, as sealed texts do.
std::optional<std::string_view> plain_string(std::string_view json) {
  if (json.size() < 2 || !json.starts_with('"') || !json.ends_with('"')) return std::nullopt;
  return json.substr(1, json.size() - 2);
}

class Writer {
 public:
  Writer(const WriteOptions& options, const LineSink& sink) : options_(options), sink_(sink) {}

  Result<> write(const Kind& kind, sql::Connection& connection) {
    std::string columns;
    for (const Column& column : kind.columns)
      columns.append(columns.empty() ? "" : ", ").append(column.name);
    const std::string condition =
        kind.of_kind.empty() ? "" : fmt::format("WHERE kind = '{}'", kind.of_kind);
    const auto done = connection.run(
        fmt::format("SELECT {} FROM {} {} ORDER BY {}", columns, kind.table, condition, kind.order),
        {}, [&](const sql::Row& row) -> Result<> {
          M3U_CHECK(line_of(kind, row));
          return sink_(kind, line_);
        });
    return done ? Result<>() : fail(done.error());
  }

 private:
  Result<> line_of(const Kind& kind, const sql::Row& row) {
    line_.clear();
    Json json(line_);
    json.begin_object();
    for (std::size_t i = 0; i < kind.columns.size(); ++i) {
      const Column& column = kind.columns[i];
      const auto at = static_cast<int>(i);
      if (column.may_be_null && row.is_null(at)) continue;
      switch (column.type) {
        case Type::kInteger:
          json.member(column.member, row.integer(at));
          break;
        case Type::kBoolean:
          json.member(column.member, row.integer(at) != 0);
          break;
        case Type::kIdOrNone:
          if (!row.text(at).empty()) json.member(column.member, row.text(at));
          break;
        case Type::kJson:
          M3U_CHECK(value_of(kind, row, at, json));
          break;
        default:
          json.member(column.member, row.text(at));
      }
    }
    json.end_object();
    return {};
  }

  /// A JSON value, which may be sealed. The first column is what it was sealed for.
  Result<> value_of(const Kind& kind, const sql::Row& row, int at, Json& json) {
    const std::string_view member = kind.columns[static_cast<std::size_t>(at)].member;
    const std::string_view context = row.text(0);
    if (kind.sealed == Sealed::kConfig) {
      M3U_TRY(const std::string config, options_.own->open(context, row.text(at)));
      M3U_TRY(const std::string shown, options_.hide(config));
      M3U_TRY(const std::string sealed, options_.seal->seal(context, config));
      json.key(member).raw(shown).member("sealed", std::string_view(sealed));
      return {};
    }
    if (kind.sealed == Sealed::kSome)
      if (const auto text = plain_string(row.text(at)))
        if (const auto opened = options_.own->open(context, *text)) {
          M3U_TRY(const std::string sealed, options_.seal->seal(context, *opened));
          // Of a plain text all is secret.
          if (opened->starts_with('{')) {
            M3U_TRY(const std::string shown, options_.hide(*opened));
            json.key(member).raw(shown);
          }
          json.member("sealed", std::string_view(sealed));
          return {};
        }
    json.key(member).raw(row.text(at));
    return {};
  }

  const WriteOptions& options_;
  const LineSink& sink_;
  std::string line_;
};

}  // namespace

Result<> write_rows(sql::Database& database, const WriteOptions& options, const LineSink& sink) {
  return database.transact(sql::Access::kSnapshot, [&](sql::Connection& connection) -> Result<> {
    Writer writer(options, sink);
    for (const Kind& kind : kinds()) M3U_CHECK(writer.write(kind, connection));
    return {};
  });
}

}  // namespace m3u_proxy::store::portable
