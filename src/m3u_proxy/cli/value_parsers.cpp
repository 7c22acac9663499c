
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>

namespace m3u_proxy::cli {

Result<config::SourceConfig> parse_source(std::string_view option, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trim(text.substr(0, equals));
  // A bare URL may hold a '=' too; no name holds a slash.
  if (equals == std::string_view::npos || name.empty() || equals + 1 == text.size() ||
      name.find_first_of("/\\") != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} {}: expected NAME=PATH_OR_URL", option, excerpt(redact_url(text))),
                fmt::format("give it a name, such as {} tv=list.m3u", option));
  config::SourceConfig source;
  source.name = {.name = std::string(name), .where = {.source = std::string(option)}};
  source.location = text.substr(equals + 1);
  return source;
}

Result<config::MemoryLimitSetting> parse_memory_limit(std::string_view text) {
  using Kind = config::MemoryLimitSetting::Kind;
  if (text == "auto") return config::MemoryLimitSetting{.kind = Kind::kAuto};
  if (text == "none") return config::MemoryLimitSetting{.kind = Kind::kNone};
  const auto size = parse_size(text);
  if (!size || *size < mib(1))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--memory-limit {}: expected a size of at least 1MB, auto or none",
                            excerpt(text)),
                "such as 64MB, 64MiB or 512 (= MB)");
  return config::MemoryLimitSetting{.kind = Kind::kFixed, .fixed = *size};
}

Result<std::int64_t> parse_now(std::string_view text) {
  const auto instant = parse_instant(text);
  if (instant) return *instant;
  Error error = instant.error();
  error.message = "--now: " + error.message;
  return fail(std::move(error));
}

Result<catalog::Domain> parse_applies_to(const std::string& text, bool of_guide) {
  using catalog::Domain;
  std::optional<Domain> domain;
  M3U_CHECK(read_word<Domain>(
      "--applies-to", text,
      {{"programmes", Domain::kProgrammes}, {"guide_channels", Domain::kGuideChannels}}, domain));
  if (domain && !of_guide)
    return usage("--applies-to is said of a guide", "give --epg in place of --source");
  return domain.value_or(of_guide ? Domain::kProgrammes : Domain::kChannels);
}

}  // namespace m3u_proxy::cli
