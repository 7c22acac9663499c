// Import: the configuration of another program as one of ours.
//
// What has no counterpart is noted, never left out in silence; what comes out passes the same
// checks as any configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/importers/imported.hpp>

namespace m3u_proxy::importers {

enum class OtherProgram : std::uint8_t { kTuliprox, kThreadfin, kXteve, kDispatcharr, kM3uEditor };

struct ProgramInfo {
  std::string_view name;  ///< as on the command line
  OtherProgram program;
  std::string_view takes;  ///< what the path names
  std::string_view known;  ///< the version whose files the importer was made for
};
/// In the order of OtherProgram.
const std::vector<ProgramInfo>& other_programs();

struct ImportResult {
  std::string toml;
  std::vector<ImportNote> notes;
  std::vector<ImportedSecret> secrets;
};

/// Reads the program's files at `path`. `secrets` is the folder that passwords will be in, as an
/// absolute path; empty: they will be in the environment. Nothing is written.
/// Errors: kNotFound, kIo, kConfig (a file is not what it should be).
Result<ImportResult> import_configuration(OtherProgram program, const std::filesystem::path& path,
                                          const std::filesystem::path& secrets);

/// `file:line:column: what: why`
std::string to_string(const ImportNote& note);

}  // namespace m3u_proxy::importers
