#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/backup_routes.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".sqlite";
constexpr std::size_t kMostBackups = 100;

struct Backup {
  std::string name;
  std::uint64_t bytes = 0;
};

std::string backup_json(const Backup& backup) {
  std::string text;
  Json(text)
      .begin_object()
      .member("name", std::string_view(backup.name))
      .member("bytes", backup.bytes)
      .member("secrets", std::string_view("sealed"))
      .end_object();
  return text;
}

class BackupHandlers {
 public:
  explicit BackupHandlers(const ApiContext& context)
      : context_(context), folder_(context.data / "backups") {}

  Answer list(Call& call);
  Answer create(Call& call);
  Answer download(Call& call);
  Answer erase(Call& call);

 private:
  /// What is there, newest first. Only files that we named ourselves are shown or opened.
  [[nodiscard]] std::vector<Backup> all() const;
  Outcome<Backup> find(const Call& call) const;

  const ApiContext& context_;
  fs::path folder_;
};

std::vector<Backup> BackupHandlers::all() const {
  std::vector<Backup> out;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unreadable;
    if (!name.ends_with(kSuffix) || !entry->is_regular_file(unreadable)) continue;
    const std::uint64_t bytes = entry->file_size(unreadable);
    if (!unreadable) out.push_back({.name = name, .bytes = bytes});
  }
  std::ranges::sort(out, std::ranges::greater(), &Backup::name);
  return out;
}

Outcome<Backup> BackupHandlers::find(const Call& call) const {
  const auto backups = all();
  const auto found = std::ranges::find(backups, call.request.parameter("name"), &Backup::name);
  if (found == backups.end()) return problem(404, "there is no such backup");
  return *found;
}

Answer BackupHandlers::list(Call& /*call*/) {
  const auto backups = all();
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const Backup& backup : backups) json.raw(backup_json(backup));
  json.end_array().key("next_cursor").null().member("total", backups.size()).end_object();
  return json_answer(std::move(text));
}

Answer BackupHandlers::create(Call& call) {
  if (all().size() >= kMostBackups)
    return problem(409, fmt::format("there are {} backups already", kMostBackups),
                   "remove old ones");
  std::error_code error;
  fs::create_directories(folder_, error);
  std::string moment = format_rfc3339(store::seconds_of(context_.clock()));
  std::erase(moment, ':');
  std::erase(moment, '-');
  const std::string name = fmt::format("m3u-proxy-{}{}", moment, kSuffix);
  const fs::path file = folder_ / name;
  if (const auto done = context_.store.back_up(file); !done) {
    if (done.error().code == ErrorCode::kInvalidArgument)
      return problem(409, done.error().message, done.error().hint);
    return std::unexpected<Problem>(done.error());
  }
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  const Backup made{.name = name, .bytes = fs::file_size(file, error)};
  M3U_CHECK(record(context_, call,
                   {.action = "backups.create", .target = made.name, .after = backup_json(made)}));
  return json_answer(backup_json(made), 201);
}

Answer BackupHandlers::download(Call& call) {
  M3U_TRY(const Backup backup, find(call));
  const auto file = std::make_shared<const io::Descriptor>(
      ::open((folder_ / backup.name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file->valid()) return problem(404, "there is no such backup");
  auto body = std::make_unique<http::PieceList>();
  body->add(file, 0, backup.bytes);
  http::Response response;
  response.add("Content-Type", "application/vnd.sqlite3");
  response.add("Content-Disposition", fmt::format("attachment; filename=\"{}\"", backup.name));
  response.body = std::move(body);
  return response;
}

Answer BackupHandlers::erase(Call& call) {
  M3U_TRY(const Backup backup, find(call));
  std::error_code error;
  if (!fs::remove(folder_ / backup.name, error)) return problem(404, "there is no such backup");
  M3U_CHECK(record(context_, call, {.action = "backups.remove", .target = backup.name}));
  return http::empty_response();
}

}  // namespace

Result<> add_backup_routes(Operations& operations, const ApiContext& context) {
  const auto handlers = std::make_shared<BackupHandlers>(context);
  using Work = Answer (BackupHandlers::*)(Call&);
  const auto add = [&](http::Method method, std::string_view path, std::string_view id, Pace pace,
                       Work work) {
    return operations.add(method, path,
                          {.id = std::string(id), .least = Role::kAdmin, .pace = pace},
                          [handlers, work](Call& call) { return ((*handlers).*work)(call); });
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "/backups", "listBackups", Pace::kQuick, &BackupHandlers::list));
  M3U_CHECK(add(kPost, "/backups", "createBackup", Pace::kSlow, &BackupHandlers::create));
  M3U_CHECK(
      add(kGet, "/backups/{name}", "downloadBackup", Pace::kQuick, &BackupHandlers::download));
  return add(kDelete, "/backups/{name}", "removeBackup", Pace::kQuick, &BackupHandlers::erase);
}

}  // namespace m3u_proxy::api
