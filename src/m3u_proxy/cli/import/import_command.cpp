#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/importers/import.hpp>
#include <m3u_proxy/io/atomic_file.hpp>

namespace m3u_proxy::cli {
namespace {

namespace fs = std::filesystem;

Result<> write_file(const fs::path& path, const std::string& text) {
  M3U_TRY(const auto file, io::AtomicFile::create(path));
  M3U_CHECK(file->write(text));
  return file->publish();
}

Result<> write_secrets(const fs::path& folder,
                       const std::vector<importers::ImportedSecret>& secrets) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(system_error("cannot make " + folder.string(), error.value()));
  for (const importers::ImportedSecret& secret : secrets)
    M3U_CHECK(write_file(folder / secret.file, secret.value + "\n"));
  return {};
}

Result<importers::ImportResult> import_and_write(const ImportOptions& options) {
  const fs::path folder = options.secrets ? fs::absolute(*options.secrets) : fs::path();
  M3U_TRY(auto imported, importers::import_configuration(options.program, options.path, folder));
  if (options.secrets) M3U_CHECK(write_secrets(folder, imported.secrets));
  if (options.output)
    M3U_CHECK(write_file(*options.output, imported.toml));
  else
    print("{}", imported.toml);
  return imported;
}

}  // namespace

ExitCode run_import(const ImportOptions& options) {
  ::umask(S_IRWXG | S_IRWXO);  // addresses of playlists often hold passwords
  const auto imported = import_and_write(options);
  if (!imported) return report_error(imported.error());
  for (const importers::ImportNote& note : imported->notes)
    print_error("{}\n", importers::to_string(note));
  for (const importers::ImportedSecret& secret : imported->secrets)
    if (!options.secrets)
      print_error("password of {}: set the variable {} to it, or import with --secrets DIR\n",
                  secret.what, secret.variable);
  print_error("{} without a counterpart\n",
              imported->notes.empty()       ? "nothing is"
              : imported->notes.size() == 1 ? "1 thing is"
                                            : fmt::format("{} things are", imported->notes.size()));
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
