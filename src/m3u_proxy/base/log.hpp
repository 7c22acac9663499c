// Log: the program's log on standard error, with a level per module.
//
// Lines read `INFO text`; at debug and trace also the module: `DEBUG memory.cleanup: text`.
// Levels come from a specification such as "info,memory.cleanup=debug": a module inherits from
// the longest prefix given ("memory=debug" covers "memory.cleanup"). Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::log {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };

/// Sets the levels. Error: kInvalidArgument, naming the part that is wrong. Call before threads.
Result<> configure(std::string_view specification);
/// The modules that the last configure() named.
std::vector<std::string> configured_modules();
/// Where lines go instead of standard error (a progress bar has to make room first, a test
/// listens); an empty function restores it. Lines come complete, without the final LF.
void set_writer(std::function<void(std::string_view line)> writer);

[[nodiscard]] bool enabled(std::string_view module, Level level);
void write(std::string_view module, Level level, std::string_view text);

template <typename... Args>
void at(Level level, std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(module, level))
    write(module, level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kDebug, module, format, std::forward<Args>(args)...);
}
template <typename... Args>
void info(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kInfo, module, format, std::forward<Args>(args)...);
}
template <typename... Args>
void warn(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kWarn, module, format, std::forward<Args>(args)...);
}
template <typename... Args>
void error(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  at(Level::kError, module, format, std::forward<Args>(args)...);
}

}  // namespace m3u_proxy::log
