#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_check.hpp>
#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/api/transfer/configuration_export.hpp>
#include <m3u_proxy/api/transfer/configuration_import.hpp>
#include <m3u_proxy/api/transfer/import_impact.hpp>
#include <m3u_proxy/api/transfer/transfer_routes.hpp>
#include <m3u_proxy/api/upload_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kFile = "the file";
/// What there is room for beside the work of a service with little memory.
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20U;

Answer export_file(const ApiContext& context, Call& /*call*/) {
  M3U_TRY(const auto folder, io::TempFolder::create(context.process.spill_folder()));
  M3U_TRY(const auto file, folder->create_file());
  M3U_CHECK(export_configuration(context.store, ShowSecrets::kNo, context.version, *file));
  // The answer outlives this; the file has no name any more.
  auto copy = std::make_shared<const io::Descriptor>(::dup(file->descriptor()));
  if (!copy->valid()) return std::unexpected<Problem>(system_error("cannot export", errno));
  auto body = std::make_unique<http::PieceList>();
  body->add(std::move(copy), 0, file->size());
  http::Response response;
  response.add("Content-Type", "application/toml");
  response.add("Content-Disposition", "attachment; filename=\"m3u-proxy.toml\"");
  response.body = std::move(body);
  return response;
}

Outcome<std::string> text_of(const http::Request& request) {
  const auto file = UploadFile::of(request);
  if (!file) return problem(422, "the body is empty", "send the configuration file as it is");
  std::string text(file->size(), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    M3U_TRY(const std::size_t got, file->read_at(filled, std::span(text).subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

/// Where a mistake begins, up to the end of its line.
std::optional<Position> position_of(std::string_view text, const Where& where) {
  if (where.source != kFile || where.line == 0) return std::nullopt;
  std::size_t begin = 0;
  for (std::uint64_t line = 1; line < where.line; ++line) {
    begin = text.find('\n', begin);
    if (begin == std::string_view::npos) return std::nullopt;
    ++begin;
  }
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  const std::uint64_t column = std::max<std::uint64_t>(where.column, 1);
  return Position{.line = where.line,
                  .column = column,
                  .start = utf16_units(text, std::min<std::size_t>(begin + column - 1, end)),
                  .end = utf16_units(text, end)};
}

std::vector<FieldProblem> field_problems(std::string_view text,
                                         const std::vector<config::ConfigProblem>& problems) {
  std::vector<FieldProblem> out;
  for (const auto& [error, display] : problems)
    out.push_back({.field = "file",
                   .code = "invalid",
                   .message = error.message,
                   .hint = error.hint,
                   .position = position_of(text, error.where)});
  return out;
}

Answer dry_answer(const ApiContext& context, PublishedData& data, const Call& call,
                  const ImportSummary& summary, const PlannedImport& planned,
                  store::ImportMode mode) {
  DryRun run(context, data, call);
  M3U_CHECK(look_at_import(run, context, planned, mode));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  write(json, summary);
  json.end_object();
  return json_answer(std::move(text));
}

Answer import_file(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const bool only_check, is_dry_run(call.request));
  M3U_TRY(const bool replaces, query_flag(call.request, "replace"));
  M3U_TRY(const std::string text, text_of(call.request));
  const config::Configuration base = plain_sections_of(context);
  std::vector<config::ConfigProblem> problems;
  PlannedImport planned;
  const auto mode = replaces ? store::ImportMode::kReplace : store::ImportMode::kAdd;
  auto done =
      import_configuration(context.store, context.process.budget(), base,
                           {.text = text, .name = std::string(kFile), .folder = "/"},
                           {.mode = mode,
                            .only_check = only_check,
                            .now = context.clock(),
                            .check_place =
                                [&base](std::string_view location) {
                                  return check_place(base.service.allowed_folders, location);
                                },
                            .problems = &problems,
                            .planned = only_check ? &planned : nullptr});
  if (!done) {
    if (problems.empty() && done.error().where.source == kFile)
      problems.push_back({.error = done.error()});
    Problem why(std::move(done).error());
    why.errors = field_problems(text, problems);
    // What is wrong is what came, not how it was asked for.
    if (why.status == 400) why.status = 422;
    return std::unexpected(std::move(why));
  }
  if (only_check) return dry_answer(context, data, call, *done, planned, mode);
  std::string summary = to_json(*done);
  M3U_CHECK(
      record(context, call,
             {.action = "configuration.import", .before = replaced_json(*done), .after = summary}));
  return json_answer(std::move(summary));
}

}  // namespace

Result<> add_transfer_routes(Operations& operations, const ApiContext& context,
                             const std::shared_ptr<PublishedData>& data) {
  M3U_CHECK(
      operations.add(http::Method::kGet, "/export",
                     {.id = "exportConfiguration", .least = Role::kAdmin, .pace = Pace::kSlow},
                     [&context](Call& call) { return export_file(context, call); }));
  return operations.add(
      http::Method::kPost, "/import",
      {.id = "importConfiguration",
       .least = Role::kAdmin,
       .body_limit = kLargestFile,
       .pace = Pace::kSlow,
       .has_dry_run = true,
       .open_sink =
           [&context](const http::Request&) { return UploadFile::create(context.process); }},
      [&context, data](Call& call) { return import_file(context, *data, call); });
}

}  // namespace m3u_proxy::api
