#include <filesystem>

#include <fmt/format.h>

#include <m3u_proxy/cli/backup/archive_options.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/io/atomic_file.hpp>

namespace m3u_proxy::cli {
namespace {

namespace fs = std::filesystem;

Result<> write(const ExportOptions& options, const config::Environment& environment) {
  const auto archive = archive_options(options, environment);
  const auto secrets = options.with_secrets ? api::ShowSecrets::kYes : api::ShowSecrets::kNo;
  if (!options.output) {
    StandardOutput out;
    M3U_CHECK(daemon::export_configuration(archive, secrets, out));
    return StandardOutput::finish();
  }
  M3U_TRY(const auto file, io::AtomicFile::create(*options.output));
  std::error_code ignored;
  fs::permissions(file->temporary(), fs::perms::owner_read | fs::perms::owner_write, ignored);
  M3U_CHECK(daemon::export_configuration(archive, secrets, *file));
  return file->publish();
}

std::string said(const store::ImportCounts& counts) {
  return fmt::format("{} new, {} changed, {} unchanged, {} removed", counts.created, counts.changed,
                     counts.unchanged, counts.removed);
}

}  // namespace

ExitCode run_export(const ExportOptions& options, const config::Environment& environment) {
  if (const auto set = set_log_level(std::nullopt, environment, "warn"); !set)
    return report_error(set.error());
  if (const auto done = write(options, environment); !done) return report_error(done.error());
  return ExitCode::kPublished;
}

ExitCode run_import_file(const ImportFileOptions& options, const config::Environment& environment) {
  if (const auto set = set_log_level(std::nullopt, environment, "warn"); !set)
    return report_error(set.error());
  const auto done = daemon::import_configuration(
      archive_options(options, environment),
      options.replaces ? store::ImportMode::kReplace : store::ImportMode::kAdd, options.only_check,
      options.file);
  if (!done) return report_error(done.error());
  print("{}sources, filters, rules, proxies: {}\n{}edits of channels: {}\n",
        options.only_check ? "Would be: " : "", said(done->counts.entities),
        options.only_check ? "Would be: " : "", said(done->counts.edits));
  if (done->without_secrets > 0)
    print("{} sources, filters or rules have no accounts: give them theirs in place of ***.\n",
          done->without_secrets);
  for (const std::string& section : done->ignored)
    print("[{}] is left out: it stays in the file of serve --config.\n", section);
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
