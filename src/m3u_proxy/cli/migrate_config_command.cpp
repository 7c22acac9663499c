#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/config/migrate_config.hpp>
#include <m3u_proxy/io/atomic_file.hpp>

namespace m3u_proxy::cli {
namespace {

Result<> write_result(const MigrateConfigOptions& options, const std::string& text) {
  if (!options.output) {
    print("{}", text);
    return {};
  }
  M3U_TRY(const auto file, io::AtomicFile::create(*options.output));
  M3U_CHECK(file->write(text));
  return file->publish();
}

}  // namespace

ExitCode run_migrate_config(const MigrateConfigOptions& options) {
  auto document = config::read_document(options.file);
  if (!document) {
    document.error().code = ErrorCode::kConfig;
    return report_error(document.error());
  }
  const auto migrated = config::migrate_configuration(*document);
  if (!migrated) return report_error(migrated.error());
  if (!migrated->problems.empty()) return report_problems(migrated->problems);
  if (const auto written = write_result(options, migrated->text); !written)
    return report_error(written.error());
  for (const config::LegacyChange& change : migrated->changes)
    print_error("{}\n", to_string(Error{.message = to_string(change), .where = change.where}));
  if (migrated->changes.empty())
    print_error("{}: every key is of today, nothing had to change\n", options.file);
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
