#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using Kind = ConfigNode::Kind;

}  // namespace

Outcome<ConfigNode> json_body(const http::Request& request) {
  const std::string_view type = request.header("Content-Type");
  if (!equals_ascii_case(trim(type.substr(0, type.find(';'))), "application/json"))
    return problem(415, "this takes JSON", "send Content-Type: application/json");
  if (!is_valid_utf8(request.body)) return problem(400, "the body is no UTF-8");
  auto node = config::parse_json(request.body, "body");
  if (!node) return problem(400, to_string(node.error()), node.error().hint);
  if (node->kind != Kind::kTable) return problem(400, "the body is not a JSON object");
  return *std::move(node);
}

void Fields::wrong(std::string_view name, std::string code, std::string message, std::string hint) {
  problems_.push_back({.field = path(name),
                       .code = std::move(code),
                       .message = std::move(message),
                       .hint = std::move(hint)});
}

const ConfigNode* Fields::take(std::string_view name, Needed needed, Kind kind,
                               std::string_view expected) {
  known_.emplace_back(name);
  const ConfigMember* const member = object_.find(name);
  if (member == nullptr) {
    if (needed == Needed::kYes) wrong(name, "required", fmt::format("{} is missing", path(name)));
    return nullptr;
  }
  if (member->value.kind != kind) {
    wrong(name, "type", fmt::format("{} has to be {}", path(name), expected));
    return nullptr;
  }
  return &member->value;
}

std::optional<std::string> Fields::text(std::string_view name, Needed needed, std::size_t longest) {
  const ConfigNode* const node = take(name, needed, Kind::kString, "a text");
  if (node == nullptr) return std::nullopt;
  if (node->text.size() > longest) {
    wrong(name, "too_long", fmt::format("{} is longer than {} bytes", path(name), longest));
    return std::nullopt;
  }
  if (node->text.empty() && needed == Needed::kYes) {
    wrong(name, "empty", fmt::format("{} is empty", path(name)));
    return std::nullopt;
  }
  return node->text;
}

std::optional<bool> Fields::flag(std::string_view name, Needed needed) {
  const ConfigNode* const node = take(name, needed, Kind::kBoolean, "true or false");
  return node == nullptr ? std::nullopt : std::optional(node->boolean);
}

std::optional<std::int64_t> Fields::integer(std::string_view name, Needed needed,
                                            std::int64_t least, std::int64_t most) {
  const ConfigNode* const node = take(name, needed, Kind::kInteger, "a whole number");
  if (node == nullptr) return std::nullopt;
  if (node->integer < least || node->integer > most) {
    wrong(name, "range", fmt::format("{} goes from {} to {}", path(name), least, most));
    return std::nullopt;
  }
  return node->integer;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name, Needed needed,
                                                      std::size_t most) {
  const ConfigNode* const node = take(name, needed, Kind::kArray, "a list of texts");
  if (node == nullptr) return std::nullopt;
  if (node->items.size() > most) {
    wrong(name, "too_long", fmt::format("{} has more than {} entries", path(name), most));
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (const ConfigNode& item : node->items) {
    if (item.kind != Kind::kString) {
      wrong(name, "type", fmt::format("{} has to be a list of texts", path(name)));
      return std::nullopt;
    }
    out.push_back(item.text);
  }
  return out;
}

std::optional<std::vector<Uuid>> Fields::ids(std::string_view name, Needed needed,
                                             std::size_t most) {
  const auto list = texts(name, needed, most);
  if (!list) return std::nullopt;
  std::vector<Uuid> out;
  for (const std::string& text : *list) {
    const auto id = parse_uuid(text);
    if (!id) {
      wrong(name, "invalid", fmt::format("\"{}\" in {} is no id", excerpt(text), path(name)));
      return std::nullopt;
    }
    out.push_back(*id);
  }
  return out;
}

std::optional<store::Time> Fields::time(std::string_view name, Needed needed) {
  const ConfigNode* const node = take(name, needed, Kind::kString, "a moment as RFC 3339");
  if (node == nullptr) return std::nullopt;
  const auto seconds = parse_date(node->text);
  if (!seconds) {
    wrong(name, "invalid", fmt::format("{} is no moment", path(name)),
          "write it as 2026-12-31T23:59:59Z");
    return std::nullopt;
  }
  return store::Time(std::chrono::seconds(*seconds));
}

const ConfigNode* Fields::table(std::string_view name, Needed needed) {
  return take(name, needed, Kind::kTable, "an object");
}

bool Fields::list(std::string_view name) {
  return take(name, Needed::kNo, Kind::kArray, "a list") != nullptr;
}

Outcome<void> Fields::finish() {
  for (const ConfigMember& member : object_.members) {
    if (std::ranges::find(known_, member.name) != known_.end()) continue;
    const std::string_view close = closest_word(member.name, known_);
    wrong(member.name, "unknown", fmt::format("{} is not known here", excerpt(path(member.name))),
          close.empty() ? "" : fmt::format("did you mean {}?", close));
  }
  if (problems_.empty()) return {};
  return std::unexpected<Problem>(Problem(std::move(problems_)));
}

Outcome<std::int64_t> query_number(const http::Request& request, std::string_view name,
                                   std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const auto text = http::query_value(request.query, name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const char* const stop = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), stop, number);
  if (error != std::errc() || end != stop || number < least || number > most)
    return field_problem(std::string(name), "range",
                         fmt::format("{} is a whole number from {} to {}", name, least, most));
  return number;
}

Outcome<bool> query_flag(const http::Request& request, std::string_view name) {
  const auto text = http::query_value(request.query, name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  return field_problem(std::string(name), "invalid", fmt::format("{} is true or false", name));
}

Outcome<Uuid> path_id(const http::Request& request, std::string_view name) {
  const auto id = parse_uuid(request.parameter(name));
  if (!id) return problem(404, "there is nothing of this id");
  return *id;
}

}  // namespace m3u_proxy::api
