#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/objects/s3_listing.hpp>

namespace m3u_proxy::objects {
namespace {

/// What is between <name> and </name>, and what follows it.
struct Element {
  std::string_view content;
  std::string_view rest;
};
std::optional<Element> find_element(std::string_view xml, std::string_view name) {
  const std::string begin = fmt::format("<{}>", name);
  const std::string end = fmt::format("</{}>", name);
  const std::size_t first = xml.find(begin);
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t last = xml.find(end, first);
  if (last == std::string_view::npos) return std::nullopt;
  return Element{.content = xml.substr(first + begin.size(), last - first - begin.size()),
                 .rest = xml.substr(last + end.size())};
}

std::string without_entities(std::string_view text) {
  std::string out(text);
  for (const auto& [entity, meaning] :
       {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&quot;", "\""),
        std::pair("&apos;", "'"), std::pair("&amp;", "&")})
    for (std::size_t at = out.find(entity); at != std::string::npos; at = out.find(entity, at + 1))
      out.replace(at, std::string_view(entity).size(), meaning);
  return out;
}

/// "2026-11-28T12:00:00.000Z"; 0 for what is none.
std::int64_t unix_seconds(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d", &year, &month, &day, &hour, &minute,
                  &second) != 6)
    return 0;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return 0;
  const auto moment = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                      std::chrono::minutes(minute) + std::chrono::seconds(second);
  return moment.time_since_epoch().count();
}

std::optional<StoredObject> object_of(std::string_view content, std::string_view prefix) {
  StoredObject object;
  const std::string key = s3_element(content, "Key");
  if (!key.starts_with(prefix)) return std::nullopt;
  object.key = key.substr(prefix.size());
  if (!is_key(object.key)) return std::nullopt;
  const std::string bytes = s3_element(content, "Size");
  const auto [end, error] =
      std::from_chars(bytes.data(), bytes.data() + bytes.size(), object.bytes);
  if (bytes.empty() || error != std::errc() || end != bytes.data() + bytes.size())
    return std::nullopt;
  object.written = unix_seconds(s3_element(content, "LastModified"));
  return object;
}

}  // namespace

std::string s3_element(std::string_view xml, std::string_view name) {
  const auto found = find_element(xml, name);
  return found ? without_entities(found->content) : std::string();
}

Result<S3Listing> parse_s3_listing(std::string_view xml, std::string_view prefix) {
  if (xml.find("<ListBucketResult") == std::string_view::npos ||
      xml.find("</ListBucketResult>") == std::string_view::npos)
    return fail(ErrorCode::kParse, "the object store's list is none",
                "look whether s3_endpoint is the address of an S3-compatible store");
  S3Listing listing;
  if (s3_element(xml, "IsTruncated") == "true")
    listing.next = s3_element(xml, "NextContinuationToken");
  for (auto found = find_element(xml, "Contents"); found;
       found = find_element(found->rest, "Contents"))
    if (auto object = object_of(found->content, prefix))
      listing.objects.push_back(*std::move(object));
  return listing;
}

}  // namespace m3u_proxy::objects
