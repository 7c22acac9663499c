// The importers, one for each program (xTeVe and Threadfin, which came from it, share one). Shapes
// are from the programs' public documentation, samples and sources.
//
// Each adds what it finds at `path` to `out`. Errors: kNotFound, kIo, kConfig.
#pragma once

#include <filesystem>
#include <string_view>

#include <m3u_proxy/importers/imported.hpp>

namespace m3u_proxy::importers {

/// A folder with source.yml and what else is there of config.yml, mapping.yml, template.yml and
/// api-proxy.yml; or source.yml itself.
Result<> read_tuliprox(const std::filesystem::path& path, Imported& out);

/// A folder with settings.json and what else is there of xepg.json and urls.json; or settings.json
/// itself. `program` is "xTeVe" or "Threadfin".
Result<> read_xteve(const std::filesystem::path& path, std::string_view program, Imported& out);

/// A folder with answers of the API (accounts.json, epg_sources.json, …), one JSON object of them,
/// or Django's dump of the whole database.
Result<> read_dispatcharr(const std::filesystem::path& path, Imported& out);

/// A JSON object with rows of the tables playlists, epgs, groups, channels …
Result<> read_m3u_editor(const std::filesystem::path& path, Imported& out);

}  // namespace m3u_proxy::importers
