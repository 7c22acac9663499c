// Snapshot rows: what the store says of a snapshot, as JSON in the archive.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/store/generations.hpp>
#include <m3u_proxy/store/snapshots.hpp>

namespace m3u_proxy::backup {

constexpr std::size_t kLargestRow = std::size_t{1} << 20U;

std::string to_json(const store::SourceSnapshot& row);
/// Without id, source and state. Error: kParse.
Result<store::SourceSnapshot> parse_source_row(std::string_view json);

/// What a proxy publishes, and whether a roll back holds it.
struct PublishedRow {
  store::GenerationRow generation{};
  bool held = false;
};
std::string to_json(const PublishedRow& row);
/// Without proxy, number and state. Error: kParse.
Result<PublishedRow> parse_published_row(std::string_view json);

}  // namespace m3u_proxy::backup
