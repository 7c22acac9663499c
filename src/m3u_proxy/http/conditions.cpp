#include <algorithm>
#include <charconv>

#include <m3u_proxy/http/conditions.hpp>
#include <m3u_proxy/http/http_date.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::string_view kWeakMark = "W/";

bool is_weak(std::string_view tag) { return tag.starts_with(kWeakMark); }

bool same_tag(std::string_view a, std::string_view b, Comparison comparison) {
  if (comparison == Comparison::kStrong) return a == b && !is_weak(a);
  if (is_weak(a)) a.remove_prefix(kWeakMark.size());
  if (is_weak(b)) b.remove_prefix(kWeakMark.size());
  return a == b;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `first-last`, `first-` or `-suffix`; nullopt: none of them, which means no range was asked for.
std::optional<RangeAnswer> read_range(std::string_view text, std::uint64_t size) {
  constexpr RangeAnswer kNone{.kind = RangeAnswer::Kind::kNotSatisfiable, .part = {}};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = trim(text.substr(0, dash));
  const std::string_view after = trim(text.substr(dash + 1));
  const auto last = number(after);
  if (before.empty()) {
    if (!last) return std::nullopt;
    if (*last == 0 || size == 0) return kNone;
    const std::uint64_t length = std::min(*last, size);
    return RangeAnswer{.kind = RangeAnswer::Kind::kPart,
                       .part = {.offset = size - length, .length = length}};
  }
  const auto first = number(before);
  if (!first || (!after.empty() && (!last || *last < *first))) return std::nullopt;
  if (*first >= size) return kNone;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return RangeAnswer{.kind = RangeAnswer::Kind::kPart,
                     .part = {.offset = *first, .length = end - *first + 1}};
}

bool if_range_holds(std::string_view value, const Validators& current) {
  if (value.starts_with('"') || is_weak(value))
    return same_tag(value, current.etag, Comparison::kStrong);
  const auto date = parse_http_date(value);
  return date && current.last_modified && *date == *current.last_modified;
}

bool if_match_fails(Headers headers, const Validators& current) {
  if (has_header(headers, "If-Match"))
    return !lists_etag(headers, "If-Match", current.etag, Comparison::kStrong);
  const auto since = parse_http_date(find_header(headers, "If-Unmodified-Since"));
  return since && current.last_modified && *current.last_modified > *since;
}

bool is_unchanged(bool reads, Headers headers, const Validators& current) {
  if (has_header(headers, "If-None-Match"))
    return lists_etag(headers, "If-None-Match", current.etag, Comparison::kWeak);
  if (!reads) return false;
  const auto since = parse_http_date(find_header(headers, "If-Modified-Since"));
  return since && current.last_modified && *current.last_modified <= *since;
}

}  // namespace

bool lists_etag(Headers headers, std::string_view name, std::string_view etag,
                Comparison comparison) {
  bool found = false;
  for_each_element(headers, name, [&](std::string_view tag) {
    found = found || tag == "*" || (!etag.empty() && same_tag(tag, etag, comparison));
  });
  return found;
}

Condition evaluate_conditions(Method method, Headers headers, const Validators& current) {
  if (if_match_fails(headers, current)) return Condition::kPreconditionFailed;
  const bool reads = method == Method::kGet || method == Method::kHead;
  if (is_unchanged(reads, headers, current))
    return reads ? Condition::kNotModified : Condition::kPreconditionFailed;
  return Condition::kGoOn;
}

RangeAnswer evaluate_range(Headers headers, const Validators& current, std::uint64_t size) {
  std::string_view range = find_header(headers, "Range");
  constexpr std::string_view kUnit = "bytes=";
  if (!starts_with_ascii_case(range, kUnit)) return {};
  range.remove_prefix(kUnit.size());
  if (range.find(',') != std::string_view::npos) return {};
  const std::string_view if_range = find_header(headers, "If-Range");
  if (!if_range.empty() && !if_range_holds(if_range, current)) return {};
  return read_range(range, size).value_or(RangeAnswer{});
}

}  // namespace m3u_proxy::http
