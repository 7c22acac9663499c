#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/portable/portable_line.hpp>

namespace m3u_proxy::store::portable {
namespace {

using simdjson::dom::element;

template <typename... Arguments>
std::unexpected<Error> wrong(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return fail(ErrorCode::kParse, fmt::format(format, std::forward<Arguments>(arguments)...));
}

Result<std::string_view> text_of(const Column& column, const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return wrong("{} is no text", column.member);
  return text;
}

/// Digits, and after a point some more; what they are worth is looked at where they are used.
bool is_number(std::string_view text) {
  if (!is_one_line(text)) return false;
  text = trim(text);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = text.substr(std::min(point + 1, text.size()));
  return text.size() <= kLongestValue && !whole.empty() && part.empty() == (point == text.size()) &&
         std::ranges::all_of(whole, is_ascii_digit) && std::ranges::all_of(part, is_ascii_digit);
}

Result<sql::Value> value_of(const Column& column, const element& value) {
  switch (column.type) {
    case Type::kInteger: {
      std::int64_t number = 0;
      if (value.get(number) != simdjson::SUCCESS)
        return wrong("{} is no whole number", column.member);
      return sql::Value(number);
    }
    case Type::kBoolean: {
      bool truth = false;
      if (value.get(truth) != simdjson::SUCCESS)
        return wrong("{} is neither true nor false", column.member);
      return sql::Value(truth);
    }
    case Type::kJson:
      return sql::Value(std::string(simdjson::minify(value)));
    case Type::kId:
    case Type::kIdOrNone: {
      M3U_TRY(const std::string_view text, text_of(column, value));
      if (const auto id = parse_uuid(text)) return sql::Value(*id);
      return wrong("{} is no id", column.member);
    }
    case Type::kWord: {
      M3U_TRY(const std::string_view text, text_of(column, value));
      if (std::ranges::find(column.words, text) == column.words.end())
        return wrong("{} is none of {}", column.member, fmt::join(column.words, ", "));
      return sql::Value(text);
    }
    case Type::kLine: {
      M3U_TRY(const std::string_view text, text_of(column, value));
      if (text.size() <= kLongestValue && is_one_line(text)) return sql::Value(text);
      return wrong("{} is too long, or has line breaks or the like in it", column.member);
    }
    case Type::kNumber: {
      M3U_TRY(const std::string_view text, text_of(column, value));
      if (is_number(text)) return sql::Value(text);
      return wrong("{} is no number of a channel", column.member);
    }
    case Type::kText:
      break;
  }
  M3U_TRY(const std::string_view text, text_of(column, value));
  return sql::Value(text);
}

/// What a column is that has no member.
Result<sql::Value> missing(const Column& column) {
  if (column.may_be_null) return sql::Value();
  if (column.type == Type::kIdOrNone) return sql::Value("");
  return wrong("{} is missing", column.member);
}

}  // namespace

class LineReader::Parser {
 public:
  explicit Parser(const ReadOptions& options) : options_(options) {}

  Result<Row> read(const Kind& kind, std::string_view line, std::vector<sql::Value>& values);

 private:
  Result<> take(const Kind& kind, std::string_view name, const element& value,
                std::vector<sql::Value>& values);
  Result<Row> unseal(const Kind& kind, std::vector<sql::Value>& values);
  [[nodiscard]] Result<sql::Value> sealed_again(const Kind& kind, std::string_view context,
                                                std::string_view open) const;

  const ReadOptions& options_;
  simdjson::dom::parser parser_{kLongestLine};
  std::vector<bool> seen_;
  std::string sealed_;
  std::size_t next_ = 0;  // members mostly come in the order of the columns
};

Result<> LineReader::Parser::take(const Kind& kind, std::string_view name, const element& value,
                                  std::vector<sql::Value>& values) {
  const std::size_t count = kind.columns.size();
  for (std::size_t tried = 0; tried < count; ++tried) {
    const std::size_t at = (next_ + tried) % count;
    if (kind.columns[at].member != name) continue;
    if (seen_[at]) return wrong("{} is there twice", name);
    seen_[at] = true;
    next_ = at + 1;
    M3U_TRY(values[at], value_of(kind.columns[at], value));
    return {};
  }
  std::string_view text;
  if (name != "sealed" || kind.sealed == Sealed::kNothing || value.get(text) != simdjson::SUCCESS)
    return wrong("{:.40} is unknown", name);
  sealed_ = text;
  return {};
}

/// Sealed with the database's key, as its column has it.
Result<sql::Value> LineReader::Parser::sealed_again(const Kind& kind, std::string_view context,
                                                    std::string_view open) const {
  M3U_TRY(const std::string sealed, options_.own->seal(context, open));
  if (kind.sealed == Sealed::kConfig) return sql::Value(sealed);
  std::string json;
  append_json_string(json, sealed);
  return sql::Value(json);
}

/// What was sealed with the lines' key is sealed with the database's.
Result<LineReader::Row> LineReader::Parser::unseal(const Kind& kind,
                                                   std::vector<sql::Value>& values) {
  if (kind.sealed == Sealed::kNothing) return Row::kWhole;
  const auto json = std::ranges::find(kind.columns, Type::kJson, &Column::type);
  const auto at = static_cast<std::size_t>(json - kind.columns.begin());
  const auto& context = std::get<std::string>(values[0].content());
  const bool is_config = kind.sealed == Sealed::kConfig;
  if (sealed_.empty()) {
    if (!seen_[at]) return wrong("{} is missing", json->member);
    if (!is_config) return Row::kWhole;
  } else if (options_.opened != nullptr) {
    M3U_TRY(const std::string open, options_.opened->open(context, sealed_));
    M3U_TRY(values[at], sealed_again(kind, context, open));
    return Row::kWhole;
  } else if (!is_config && !seen_[at]) {
    return Row::kLeftOut;
  }
  if (!seen_[at]) return wrong("{} is missing", json->member);
  const std::string shown = std::get<std::string>(values[at].content());
  M3U_TRY(values[at], sealed_again(kind, context, shown));
  return sealed_.empty() || !is_config ? Row::kWhole : Row::kWithoutSecrets;
}

Result<LineReader::Row> LineReader::Parser::read(const Kind& kind, std::string_view line,
                                                 std::vector<sql::Value>& values) {
  simdjson::dom::object object;
  element document;
  // Behind the line there is room to read.
  if (parser_.parse(line.data(), line.size(), false).get(document) != simdjson::SUCCESS ||
      document.get(object) != simdjson::SUCCESS)
    return wrong("this is no JSON object");
  values.assign(kind.columns.size(), sql::Value());
  seen_.assign(kind.columns.size(), false);
  sealed_.clear();
  next_ = 0;
  for (const simdjson::dom::key_value_pair member : object)
    M3U_CHECK(take(kind, member.key, member.value, values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool may_be_sealed = kind.columns[i].type == Type::kJson && !sealed_.empty();
    if (seen_[i] || may_be_sealed) continue;
    M3U_TRY(values[i], missing(kind.columns[i]));
  }
  M3U_TRY(const Row row, unseal(kind, values));
  if (!kind.of_kind.empty()) values.emplace_back(kind.of_kind);
  return row;
}

LineReader::LineReader(const ReadOptions& options)
    : options_(options), parser_(std::make_unique<Parser>(options_)) {}
LineReader::~LineReader() = default;

Result<LineReader::Row> LineReader::read(const Kind& kind, std::string_view line,
                                         std::vector<sql::Value>& values) {
  return parser_->read(kind, line, values);
}

}  // namespace m3u_proxy::store::portable
