#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/cli/backup/archive_options.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/serve/control_client.hpp>
#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The first line of a file, without its end.
Result<std::string> read_passphrase(const std::optional<std::string>& file) {
  if (!file) return std::string();
  M3U_TRY(const auto source, io::open_file(*file));
  std::string text(backup::kLongestPassphrase + 2, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    M3U_TRY(const std::size_t read, source->read(std::span(text).subspan(size)));
    if (read == 0) break;
    size += read;
  }
  text.resize(size);
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty() || text.size() > backup::kLongestPassphrase)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the first line of {} is no passphrase of 1 to {} bytes", *file,
                            backup::kLongestPassphrase));
  return text;
}

template <typename Options>
Result<daemon::ArchiveOptions> sealed_archive(const Options& options,
                                              const config::Environment& environment) {
  daemon::ArchiveOptions out = archive_options(options, environment);
  M3U_TRY(out.passphrase, read_passphrase(options.passphrase_file));
  return out;
}

/// What a service that uses the folder makes of it.
Result<Json> restore_by_service(const RestoreOptions& options, const std::string& passphrase) {
  std::error_code ignored;
  const Json body = {{"file", fs::absolute(options.file, ignored).string()},
                     {"passphrase", passphrase},
                     {"secrets", options.without_secrets ? "left_out" : "needed"},
                     {"purpose", options.only_check ? "check" : "restore"}};
  M3U_TRY(ControlAnswer answer,
          ask_service(options.data, {"POST", "/restore",
                                     body.dump(-1, ' ', false, Json::error_handler_t::replace)}));
  return std::move(answer.json);
}

Result<Json> restore(const RestoreOptions& options, const config::Environment& environment) {
  M3U_TRY(const auto archive, sealed_archive(options, environment));
  const auto done = daemon::restore(
      archive, options.without_secrets ? backup::Secrets::kLeftOut : backup::Secrets::kNeeded,
      options.only_check, options.file);
  if (done) return Json::parse(backup::to_json(*done), nullptr, false);
  if (done.error().code != ErrorCode::kConflict) return fail(done.error());
  return restore_by_service(options, archive.passphrase);
}

std::string names_of(const backup::BackupSummary& summary) {
  return fmt::format("{}", fmt::join(summary.missing_names, ", "));
}

}  // namespace

ExitCode run_backup(const BackupOptions& options, const config::Environment& environment) {
  if (const auto set = set_log_level(std::nullopt, environment, "warn"); !set)
    return report_error(set.error());
  const auto archive = sealed_archive(options, environment);
  if (!archive) return report_error(archive.error());
  const auto done = daemon::back_up(
      *archive, options.with_snapshots ? backup::Snapshots::kAll : backup::Snapshots::kOnlyCopies,
      options.file);
  if (!done) return report_error(done.error());
  print("{}: {} rows, {} logos, {} snapshots\n", options.file, done->rows, done->logos,
        done->snapshots);
  if (!options.passphrase_file)
    print(
        "Accounts in it are sealed with {}/secret.key, which is not in it: keep a copy of that, or "
        "use --passphrase-file.\n",
        options.data);
  if (done->missing == 0) return ExitCode::kPublished;
  print("Not in it, since they could not be read: {}{}\n", names_of(*done),
        done->missing > done->missing_names.size()
            ? fmt::format(" and {} more", done->missing - done->missing_names.size())
            : "");
  return ExitCode::kDegraded;
}

ExitCode run_restore(const RestoreOptions& options, const config::Environment& environment) {
  if (const auto set = set_log_level(std::nullopt, environment, "warn"); !set)
    return report_error(set.error());
  const auto done = restore(options, environment);
  if (!done) return report_error(done.error());
  const auto count = [&](const char* name) { return done->value(name, std::uint64_t{0}); };
  print("{} of {}, by m3u-proxy {}: {} rows, {} logos, {} sources and {} proxies with their data\n",
        options.only_check ? "The backup" : "Restored: the backup", done->value("created", ""),
        done->value("program", ""), count("rows"), count("logos"), count("sources"),
        count("published"));
  if (const std::uint64_t without = count("without_secrets"); without > 0)
    print("{} sources have no accounts now: give them theirs again.\n", without);
  if (const std::uint64_t edits = count("edits_of_the_file"); edits > 0)
    print("{} edits of channels gave way to those of the configuration file.\n", edits);
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
