// Where what is in a backup: names of the archive's files, and of the folders that they come from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/entities.hpp>
#include <m3u_proxy/store/portable/portable_kinds.hpp>

namespace m3u_proxy::backup {

/// Rows: `edits/000001.jsonl`, and so on.
std::string part_name(const store::portable::Kind& kind, std::size_t number);
/// The kind whose rows a file has; nullptr: it has none.
const store::portable::Kind* kind_of_part(std::string_view name);
/// Rows are in files of about this size.
constexpr std::size_t kPartSize = std::size_t{1} << 20U;

/// What a snapshot is of.
enum class Whose : std::uint8_t { kSource, kProxy };
/// A file of an uploaded logo, `files/logos/ID`, or of a snapshot, `snapshots/sources/ID/NAME`,
/// `snapshots/proxies/ID/NAME`.
struct ArchivedFile {
  std::optional<Whose> whose{};  ///< none: a logo
  Uuid id{};                     ///< of the logo, the source or the proxy
  std::string name{};            ///< of a snapshot: of the file in it
};
std::string name_of(const ArchivedFile& file);
/// nullopt: it is none of these.
std::optional<ArchivedFile> parse_name(std::string_view name);

/// The row of the database that belongs to a snapshot, and its manifest; its files follow, with the
/// prefix `file-`.
inline constexpr std::string_view kRowFile = "row.json";
inline constexpr std::string_view kManifestFile = "manifest";
inline constexpr std::string_view kFilePrefix = "file-";

/// In the data folder.
std::filesystem::path snapshots_of(const std::filesystem::path& data, Whose whose, const Uuid& id);
std::filesystem::path logos_of(const std::filesystem::path& data);

}  // namespace m3u_proxy::backup
