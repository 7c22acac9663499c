// Values of options as people type them, and what stands for them when they are left out. Every
// error is kInvalidArgument with a remedy.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>
#include <m3u_proxy/config/configuration.hpp>

namespace m3u_proxy::cli {

/// nullopt: the option was not typed.
inline std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// "NAME=PATH_OR_URL"; `option` ("--source") is for messages and for the source's place.
Result<config::SourceConfig> parse_source(std::string_view option, std::string_view text);

/// "64MB", "64MiB", "512" (= MB), "auto", "none"; at least 1 MB.
Result<config::MemoryLimitSetting> parse_memory_limit(std::string_view text);

/// Any date that expressions know, such as "2026-01-31T20:00:00Z" or seconds since 1970.
Result<std::int64_t> parse_now(std::string_view text);

/// A whole number from `least` to `most`; an empty text leaves `out` as it is.
template <typename Number>
Result<> read_number(const char* name, const std::string& text, std::int64_t least,
                     std::int64_t most, Number& out) {
  if (text.empty()) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return usage(fmt::format("{} {}: expected a whole number from {} to {}", name, excerpt(text),
                             least, most));
  out = static_cast<typename std::remove_cvref_t<Number>>(value);
  return {};
}
template <typename Number>
Result<> read_number(const char* name, const std::string& text, std::int64_t least,
                     std::int64_t most, std::optional<Number>& out) {
  if (text.empty()) return {};
  Number value{};
  M3U_CHECK(read_number(name, text, least, most, value));
  out = value;
  return {};
}

/// One of `words`; an empty text leaves `out` as it is.
template <typename Enum>
Result<> read_word(const char* name, const std::string& text,
                   const std::map<std::string_view, Enum>& words, std::optional<Enum>& out) {
  if (text.empty()) return {};
  const auto found = words.find(text);
  if (found != words.end()) {
    out = found->second;
    return {};
  }
  std::vector<std::string_view> known;
  known.reserve(words.size());
  for (const auto& [word, value] : words) known.push_back(word);
  const std::string_view close = closest_word(text, known);
  return usage(
      fmt::format("{} {}: expected one of {}", name, excerpt(text), fmt::join(known, ", ")),
      close.empty() ? "" : fmt::format("did you mean {}?", close));
}

/// What --applies-to says: programmes or guide_channels, of a guide alone; "" is programmes where
/// there is one, else channels. Error: kInvalidArgument.
Result<catalog::Domain> parse_applies_to(const std::string& text, bool of_guide);

}  // namespace m3u_proxy::cli
