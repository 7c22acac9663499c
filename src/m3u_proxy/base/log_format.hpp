// How lines of the log look: for people, or as JSON for programs that gather logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/base/log.hpp>

namespace m3u_proxy::log {

/// kJson: one object a line: {"time": RFC 3339 with milliseconds, "level", "module", "message"}.
enum class Format : std::uint8_t { kText, kJson };
/// "text", "json".
std::optional<Format> parse_format(std::string_view name);
/// Call before threads.
void set_format(Format format);

/// More about a line: members of the JSON, or `name=value` behind the text.
using Fields = std::vector<std::pair<std::string_view, std::string>>;
/// Thread-safe.
void write(std::string_view module, Level level, std::string_view text, const Fields& fields);

}  // namespace m3u_proxy::log
