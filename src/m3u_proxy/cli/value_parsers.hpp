// Values of options as people type them, and what stands for them when they are left out. Every
// error is kInvalidArgument with a remedy.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/service/configuration.hpp>

namespace m3u_proxy::cli {

/// "NAME=PATH_OR_URL"; `option` ("--source") is for messages and for the source's place.
Result<service::SourceConfig> parse_source(std::string_view option, std::string_view text);

/// "64MB", "64MiB", "512" (= MB), "auto", "none"; at least 1 MB.
Result<service::MemoryLimitSetting> parse_memory_limit(std::string_view text);

/// Any date that expressions know, such as "2026-01-31T20:00:00Z" or seconds since 1970.
Result<std::int64_t> parse_now(std::string_view text);
/// The clock's time, where --now is not given.
std::int64_t system_time();

}  // namespace m3u_proxy::cli
