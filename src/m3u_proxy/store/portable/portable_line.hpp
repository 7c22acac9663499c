// PortableLine: one line of JSON as the values of a row.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/portable/portable_rows.hpp>

namespace m3u_proxy::store::portable {

/// Reads lines; belongs to one thread.
class LineReader {
 public:
  explicit LineReader(const ReadOptions& options);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Row : std::uint8_t { kWhole, kWithoutSecrets, kLeftOut };
  /// Puts the values of the kind's columns into `values`, then the kind's own word where it has
  /// one. Error: kParse.
  Result<Row> read(const Kind& kind, std::string_view line, std::vector<sql::Value>& values);

 private:
  class Parser;
  const ReadOptions& options_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace m3u_proxy::store::portable
