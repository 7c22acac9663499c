#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/store/sql/connection.hpp>

namespace m3u_proxy::store::sql {

Result<> check_values(std::span<const Value> values) {
  for (const Value& value : values) {
    const auto* text = std::get_if<std::string>(&value.content());
    if (text == nullptr) continue;
    if (text->find('\0') != std::string::npos || !is_valid_utf8(*text))
      return fail(ErrorCode::kInvalidArgument, "a text is not UTF-8 or has a zero byte in it");
  }
  return {};
}

Result<std::int64_t> Connection::append(std::string_view table,
                                        std::span<const std::string_view> columns,
                                        const RowSource& next) {
  std::string places;
  for (std::size_t i = 1; i <= columns.size(); ++i)
    places += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  const std::string statement =
      fmt::format("INSERT INTO {} ({}) VALUES ({})", table, fmt::join(columns, ", "), places);
  std::vector<Value> row;
  for (std::int64_t count = 0;; ++count) {
    row.clear();
    M3U_TRY(const bool any, next(row));
    if (!any) return count;
    M3U_CHECK(run(statement, row, [](const Row&) -> Result<> { return {}; }));
  }
}

}  // namespace m3u_proxy::store::sql
