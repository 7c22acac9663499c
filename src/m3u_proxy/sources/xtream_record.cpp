#include <algorithm>

#include <simdjson.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>

namespace m3u_proxy::sources {
namespace {

namespace json = simdjson::ondemand;
static_assert(JsonRecords::kPadding >= simdjson::SIMDJSON_PADDING);

enum class Expected : std::uint8_t { kText, kNumber };

struct Key {
  std::string_view name;
  std::string_view XtreamRecord::* field;
  Expected expected = Expected::kText;
};
// Of several names of one field the first that has a value counts.
constexpr Key kKeys[] = {
    {"stream_id", &XtreamRecord::id, Expected::kNumber},
    {"series_id", &XtreamRecord::id, Expected::kNumber},
    {"id", &XtreamRecord::id, Expected::kNumber},
    {"num", &XtreamRecord::number, Expected::kNumber},
    {"name", &XtreamRecord::name},
    {"title", &XtreamRecord::name},
    {"stream_icon", &XtreamRecord::icon},
    {"cover", &XtreamRecord::icon},
    {"movie_image", &XtreamRecord::icon},
    {"cover_big", &XtreamRecord::icon},
    {"epg_channel_id", &XtreamRecord::guide_id},
    {"container_extension", &XtreamRecord::extension},
    {"tv_archive", &XtreamRecord::archive, Expected::kNumber},
    {"tv_archive_duration", &XtreamRecord::archive_days, Expected::kNumber},
    {"season", &XtreamRecord::season, Expected::kNumber},
    {"episode_num", &XtreamRecord::episode, Expected::kNumber},
    {"last_modified", &XtreamRecord::last_modified},
    {"category_name", &XtreamRecord::category_name},
    {"auth", &XtreamRecord::auth, Expected::kNumber},
    {"status", &XtreamRecord::status},
    {"exp_date", &XtreamRecord::expires},
    {"active_cons", &XtreamRecord::active_connections},
    {"max_connections", &XtreamRecord::max_connections},
    {"message", &XtreamRecord::message},
};

/// "7" for "7.0" and "7.00".
std::string_view without_zero_fraction(std::string_view number) {
  const std::size_t dot = number.find('.');
  if (dot == std::string_view::npos) return number;
  const std::string_view fraction = number.substr(dot + 1);
  return std::ranges::all_of(fraction, [](char c) { return c == '0'; }) ? number.substr(0, dot)
                                                                        : number;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_ascii_digit(c) || c == '.'; });
}

/// Walks over one document and fills the record.
class Walker {
 public:
  Walker(XtreamRecord& record, ProblemLog& problems) : record_(&record), problems_(&problems) {}

  simdjson::error_code object(json::object object, int depth) {
    for (auto field : object) {
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return error;
      json::value value;
      if (auto error = field.value().get(value)) return error;
      if (auto error = member(key, value, depth)) return error;
    }
    return simdjson::SUCCESS;
  }

 private:
  simdjson::error_code member(std::string_view key, json::value value, int depth) {
    json::json_type type{};
    if (auto error = value.type().get(type)) return error;
    if (key == "category_id" || key == "category_ids")
      return list(value, type, record_->categories);
    if (key == "allowed_output_formats") return list(value, type, record_->formats);
    if (type == json::json_type::object) {
      constexpr int kDeepest = 3;
      json::object inner;
      if (auto error = value.get_object().get(inner)) return error;
      return depth < kDeepest ? object(inner, depth + 1) : simdjson::SUCCESS;
    }
    const auto* known = std::ranges::find(kKeys, key, &Key::name);
    if (known == std::end(kKeys)) return simdjson::SUCCESS;
    std::string_view text;
    if (auto error = scalar(value, type, text)) return error;
    count_loose(*known, type, text);
    std::string_view& field = record_->*known->field;
    if (field.empty()) field = text;
    return simdjson::SUCCESS;
  }

  /// The value as text; of a list its first one.
  simdjson::error_code scalar(json::value value, json::json_type type, std::string_view& out) {
    switch (type) {
      case json::json_type::string: {
        const auto error = value.get_string().get(out);
        out = trim(out);
        return error;
      }
      case json::json_type::number:
        out = without_zero_fraction(trim(value.raw_json_token()));
        return simdjson::SUCCESS;
      case json::json_type::boolean:
        out = value.raw_json_token().starts_with('t') ? "1" : "0";
        return simdjson::SUCCESS;
      case json::json_type::array: {
        json::array array;
        if (auto error = value.get_array().get(array)) return error;
        for (auto element : array) {
          json::value first;
          if (auto error = element.get(first)) return error;
          json::json_type first_type{};
          if (auto error = first.type().get(first_type)) return error;
          const bool usable = first_type != json::json_type::array &&
                              first_type != json::json_type::object && out.empty();
          if (!usable) continue;
          if (auto error = scalar(first, first_type, out)) return error;
        }
        return simdjson::SUCCESS;
      }
      default:
        return simdjson::SUCCESS;
    }
  }

  simdjson::error_code list(json::value value, json::json_type type,
                            std::vector<std::string_view>& out) {
    const auto add = [&](std::string_view text) {
      if (!text.empty() && std::ranges::find(out, text) == out.end()) out.push_back(text);
    };
    if (type != json::json_type::array) {
      std::string_view text;
      const auto error =
          type == json::json_type::object ? simdjson::SUCCESS : scalar(value, type, text);
      add(text);
      return error;
    }
    json::array array;
    if (auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      json::value one;
      if (auto error = element.get(one)) return error;
      json::json_type one_type{};
      if (auto error = one.type().get(one_type)) return error;
      std::string_view text;
      if (one_type == json::json_type::object) continue;
      if (auto error = scalar(one, one_type, text)) return error;
      add(text);
    }
    return simdjson::SUCCESS;
  }

  /// Values of another type than they should be are taken, and counted.
  void count_loose(const Key& key, json::json_type type, std::string_view text) {
    const bool as_text = type == json::json_type::string;
    const bool loose = key.expected == Expected::kNumber
                           ? as_text && !is_number(text) && !text.empty()
                           : type == json::json_type::array;
    if (loose) problems_->count("xtream_loose_value");
  }

  XtreamRecord* record_;
  ProblemLog* problems_;
};

}  // namespace

struct XtreamRecordReader::Parser {
  json::parser parser;
};

XtreamRecordReader::XtreamRecordReader() : parser_(std::make_unique<Parser>()) {}
XtreamRecordReader::~XtreamRecordReader() = default;

bool XtreamRecordReader::parse(std::string_view text, ProblemLog& problems) {
  record_ = {};
  json::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(),
                                            text.size() + JsonRecords::kPadding);
  if (parser_->parser.iterate(padded).get(document) != simdjson::SUCCESS) return false;
  json::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  return Walker(record_, problems).object(object, 0) == simdjson::SUCCESS;
}

const XtreamRecord* XtreamRecordReader::read(std::string_view json, ProblemLog& problems) {
  if (parse(json, problems)) return &record_;
  // Once more with what JSON forbids in texts replaced.
  repaired_.clear();
  if (is_valid_utf8(json))
    repaired_ = json;
  else
    append_windows1252(repaired_, json);
  std::ranges::replace_if(
      repaired_, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (repaired_ == json) return nullptr;
  const std::size_t size = repaired_.size();
  repaired_.append(JsonRecords::kPadding, ' ');
  if (!parse(std::string_view(repaired_).substr(0, size), problems)) return nullptr;
  problems.count("xtream_repaired");
  return &record_;
}

}  // namespace m3u_proxy::sources
