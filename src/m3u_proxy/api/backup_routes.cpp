#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/backup_contents.hpp>
#include <m3u_proxy/api/backup_files.hpp>
#include <m3u_proxy/api/backup_routes.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/api/transfer/restore_impact.hpp>
#include <m3u_proxy/api/upload_file.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::uint64_t kLargestArchive = std::uint64_t{16} << 30U;
constexpr std::string_view kPassphrase = "X-Passphrase";

class BackupHandlers {
 public:
  BackupHandlers(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context),
        data_(std::move(data)),
        files_(context.data / "backups", context.process.budget()) {}

  Answer list(Call& call);
  Answer create(Call& call);
  Answer download(Call& call);
  Answer erase(Call& call);
  Answer restore(Call& call);

 private:
  [[nodiscard]] Answer try_create(const backup::BackupOptions& options) const;

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
  BackupFiles files_;
};

Answer BackupHandlers::list(Call& /*call*/) {
  const auto files = files_.list();
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const BackupFile& file : files) json.raw(to_json(file));
  json.end_array().key("next_cursor").null().member("total", files.size()).end_object();
  return json_answer(std::move(text));
}

Answer BackupHandlers::try_create(const backup::BackupOptions& options) const {
  M3U_CHECK(files_.check_room());
  std::string after;
  Json json(after);
  json.begin_object()
      .member("secrets",
              options.passphrase.empty() ? std::string_view("key") : std::string_view("passphrase"))
      .member("with_snapshots", options.snapshots == backup::Snapshots::kAll)
      .end_object();
  return planned_answer({.action = "create", .after = std::move(after)});
}

Answer BackupHandlers::create(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  backup::BackupOptions options{.data = context_.data,
                                .program = context_.version,
                                .now = context_.clock(),
                                .hide = hide_in_backup,
                                .is_only_copy = only_copies(context_.settings.said().service),
                                .cancel = &call.stopping};
  if (!call.request.body.empty()) {
    M3U_TRY(const ConfigNode body, json_body(call.request));
    Fields fields(body);
    options.passphrase =
        fields.text("passphrase", Fields::Needed::kNo, backup::kLongestPassphrase).value_or("");
    if (fields.flag("with_snapshots", Fields::Needed::kNo).value_or(false))
      options.snapshots = backup::Snapshots::kAll;
    M3U_CHECK(fields.finish());
  }
  if (is_dry) return try_create(options);
  M3U_TRY(const BackupFile made, files_.make(context_.store, options));
  M3U_CHECK(record(context_, call,
                   {.action = "backups.create", .target = made.name, .after = to_json(made)}));
  return json_answer(to_json(made), 201);
}

Answer BackupHandlers::download(Call& call) {
  M3U_TRY(const BackupFile file, files_.find(call.request.parameter("name")));
  M3U_TRY(const auto descriptor, files_.open(file));
  auto body = std::make_unique<http::PieceList>();
  body->add(descriptor, 0, file.bytes);
  http::Response response;
  response.add("Content-Type", "application/zstd");
  response.add("Content-Disposition", fmt::format("attachment; filename=\"{}\"", file.name));
  response.body = std::move(body);
  return response;
}

Answer BackupHandlers::erase(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const BackupFile file, files_.find(call.request.parameter("name")));
  if (is_dry) return planned_answer({.action = "remove", .before = to_json(file)});
  M3U_CHECK(files_.erase(file));
  M3U_CHECK(record(context_, call,
                   {.action = "backups.remove", .target = file.name, .before = to_json(file)}));
  return http::empty_response();
}

Answer BackupHandlers::restore(Call& call) {
  M3U_TRY(const bool only_check, is_dry_run(call.request));
  M3U_TRY(const bool left_out, query_flag(call.request, "without_secrets"));
  const auto file = UploadFile::of(call.request);
  if (!file) return problem(422, "the body is empty", "send the backup as it is");
  std::optional<DryRun> run;
  Outcome<void> looked;
  const auto look = [&](backup::Restore& restore) {
    run.emplace(context_, *data_, call);
    looked = look_at_restore(*run, context_, restore);
  };
  auto restored =
      context_.restore({.open = [&file]() -> Result<std::unique_ptr<io::ByteSource>> {
                          return io::make_temp_file_source(file);
                        },
                        .passphrase = percent_decoded(call.request.header(kPassphrase)),
                        .secrets = left_out ? backup::Secrets::kLeftOut : backup::Secrets::kNeeded,
                        .only_check = only_check,
                        .look = look});
  if (!restored) {
    Problem why(std::move(restored).error());
    // What is wrong is what came, not how it was asked for.
    if (why.status == 400) why.status = 422;
    return std::unexpected(std::move(why));
  }
  std::string text = backup::to_json(*restored);
  if (only_check) {
    M3U_CHECK(looked);
    std::string tried;
    Json json(tried);
    json.begin_object();
    run->write(json);
    json.end_object();
    // The members of both.
    tried.back() = ',';
    return json_answer(tried.append(text, 1));
  }
  M3U_CHECK(
      record(context_, call,
             {.action = "backups.restore", .target = restored->about.created, .after = text}));
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_backup_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data) {
  const auto handlers = std::make_shared<BackupHandlers>(context, data);
  using Work = Answer (BackupHandlers::*)(Call&);
  const auto add = [&](http::Method method, std::string_view path, OperationOptions options,
                       Work work) {
    options.least = Role::kAdmin;
    return operations.add(method, path, std::move(options),
                          [handlers, work](Call& call) { return ((*handlers).*work)(call); });
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "/backups", {.id = "listBackups"}, &BackupHandlers::list));
  M3U_CHECK(add(
      kPost, "/backups",
      {.id = "createBackup", .body_limit = kSmallBody, .pace = Pace::kLong, .has_dry_run = true},
      &BackupHandlers::create));
  M3U_CHECK(add(kGet, "/backups/{name}", {.id = "downloadBackup"}, &BackupHandlers::download));
  M3U_CHECK(add(kDelete, "/backups/{name}", {.id = "removeBackup", .has_dry_run = true},
                &BackupHandlers::erase));
  return add(kPost, "/restore",
             {.id = "restore",
              .body_limit = kLargestArchive,
              .pace = Pace::kLong,
              .has_dry_run = true,
              .open_sink =
                  [&context](const http::Request&) { return UploadFile::create(context.process); }},
             &BackupHandlers::restore);
}

}  // namespace m3u_proxy::api
