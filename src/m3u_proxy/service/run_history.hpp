// Run history: the file beside a proxy's output in which the figures of its last runs wait for the
// next one's prediction.
//
// `.NAME.history.json` is small, replaced as a whole and may be deleted at any time: what it says
// never changes what is published.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/memory/prediction.hpp>

namespace m3u_proxy::service {

std::filesystem::path history_path(const std::filesystem::path& out, std::string_view proxy);

/// The history of the file; empty when there is none, and, with a warning, when it is damaged.
memory::RunHistory read_history(const std::filesystem::path& path);
/// Replaces the file. It is not synced to the disk: losing it costs one worse prediction.
/// Error: kIo; the old file stays.
Result<> write_history(const std::filesystem::path& path, const memory::RunHistory& history);

/// The document that the file holds, and back. Error: kParse.
std::string to_json(const memory::RunHistory& history);
Result<memory::RunHistory> parse_history(std::string_view text);

/// Stored sizes of the proxy's sources: of those that are files; 0 when one of them is not.
memory::RunSize size_of_run(const config::Configuration& configuration,
                            const config::ProxyConfig& proxy);

/// What a finished generation adds to the history.
memory::RunRecord record_of_run(const generation::GenerationStats& stats,
                                const memory::RunSize& size, std::int64_t now);

}  // namespace m3u_proxy::service
