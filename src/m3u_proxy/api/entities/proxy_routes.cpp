#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_routes.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/generation_diff.hpp>
#include <m3u_proxy/api/entities/proxy_routes.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/outputs/filled_file.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>

namespace m3u_proxy::api {
namespace {

using store::Entity;
using store::GenerationRow;

constexpr std::int64_t kNewest = INT64_MAX;
constexpr std::int64_t kMostDifferences = 500;

class ProxyHandlers {
 public:
  ProxyHandlers(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer generations(Call& call);
  Answer diff(Call& call);
  Answer roll_back(Call& call);
  Answer release(Call& call);
  Answer generate(Call& call);
  Answer download(Call& call);

 private:
  Outcome<Entity> find(const Call& call) const {
    return find_entity(context_, call, store::EntityKind::kProxy);
  }
  Result<> log(const Call& call, std::string_view action, const Entity& entity,
               std::string after = {}) const {
    return record(context_, call,
                  {.action = action, .target = to_string(entity.id), .after = std::move(after)});
  }

  /// The generation that release() would publish.
  Outcome<std::int64_t> next_of(const Entity& entity) const;
  /// What would be served, compared with what is.
  Answer would_serve(const Call& call, const Entity& entity, std::int64_t number,
                     bool is_held) const;
  Outcome<jobs::ProxyEntry> entry_of(const Entity& entity) const;

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

Outcome<jobs::ProxyEntry> ProxyHandlers::entry_of(const Entity& entity) const {
  const auto model = context_.conductor.model();
  const jobs::ProxyEntry* const entry = model ? model->find_proxy(entity.id) : nullptr;
  if (entry == nullptr) return problem(503, "this proxy is being taken over: ask again");
  return *entry;
}

Answer ProxyHandlers::generations(Call& call) {
  M3U_TRY(const Entity entity, find(call));
  M3U_TRY(const auto rows, context_.store.generations().list(entity.id));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const GenerationRow& row : rows) {
    json.begin_object().member("number", row.number).member("state", store::to_string(row.state));
    time_member(json, "created", row.created);
    json.member("channels", row.channels)
        .member("programmes", row.programmes)
        .member("added", row.added)
        .member("removed", row.removed)
        .member("changed", row.changed)
        .member("settings_revision", row.settings_revision)
        .key("files")
        .begin_array();
    for (const store::GenerationFile& file : row.files)
      if (file.name == snapshots::kPlaylistFile || file.name == snapshots::kGuideFile)
        json.begin_object()
            .member("name", std::string_view(file.name))
            .member("bytes", file.bytes)
            .end_object();
    json.end_array().end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  return json_answer(std::move(text));
}

Answer ProxyHandlers::diff(Call& call) {
  M3U_TRY(const Entity entity, find(call));
  DiffRequest wanted{.proxy = entity.id};
  M3U_TRY(wanted.to, query_number(call.request, "to", 1, kNewest, 0));
  M3U_TRY(wanted.from, query_number(call.request, "from", 1, kNewest, 0));
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMostDifferences, 100));
  M3U_TRY(const std::int64_t skip, query_number(call.request, "cursor", 0, kNewest, 0));
  wanted.limit = static_cast<std::uint64_t>(limit);
  wanted.skip = static_cast<std::uint64_t>(skip);
  M3U_TRY(const auto rows, context_.store.generations().list(entity.id));
  if (wanted.to == 0 && !rows.empty()) wanted.to = rows.front().number;
  for (const GenerationRow& row : rows)
    if (wanted.from == 0 && row.number < wanted.to) wanted.from = row.number;
  const auto is_there = [&](std::int64_t number) {
    return std::ranges::find(rows, number, &GenerationRow::number) != rows.end();
  };
  if (!is_there(wanted.to) || !is_there(wanted.from))
    return problem(404, "there are no two such generations to compare");
  M3U_TRY(std::string text,
          diff_json(context_.generator, context_.process, wanted, &call.stopping));
  return json_answer(std::move(text));
}

std::unexpected<Problem> not_kept() {
  return problem(409, "this generation is not kept any more", "GET …/generations lists them");
}

Answer ProxyHandlers::would_serve(const Call& call, const Entity& entity, std::int64_t number,
                                  bool is_held) const {
  auto& generations = context_.store.generations();
  M3U_TRY(const GenerationRow next, generations.get(entity.id, number));
  M3U_TRY(const auto served, generations.current(entity.id));
  std::string difference = "null";
  if (served) {
    M3U_TRY(difference, diff_json(context_.generator, context_.process,
                                  {.proxy = entity.id,
                                   .from = served->number,
                                   .to = number,
                                   .limit = DryRun::kMostSamples},
                                  &call.stopping));
  }
  DryRun run(context_, *data_, call);
  M3U_CHECK(run.serve(entity.id, entity.name, number));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  json.member("current", number)
      .member("held", is_held)
      .member("served", served ? served->number : 0)
      .member("channels_before", served ? served->channels : 0)
      .member("channels_after", next.channels)
      .member("programmes_before", served ? served->programmes : 0)
      .member("programmes_after", next.programmes)
      .key("diff")
      .raw(difference)
      .end_object();
  return json_answer(std::move(text));
}

Answer ProxyHandlers::roll_back(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find(call));
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const auto number = fields.integer("generation", Fields::Needed::kYes, 1, kNewest);
  M3U_CHECK(fields.finish());
  if (is_dry) {
    const auto there = context_.store.generations().get(entity.id, *number);
    if (!there && there.error().code == ErrorCode::kNotFound) return not_kept();
    return would_serve(call, entity, *number, true);
  }
  if (const auto done = context_.store.generations().roll_back(entity.id, *number); !done) {
    if (done.error().code == ErrorCode::kNotFound) return not_kept();
    return std::unexpected<Problem>(done.error());
  }
  M3U_CHECK(log(call, "proxies.roll-back", entity, fmt::format(R"({{"generation":{}}})", *number)));
  return json_answer(fmt::format(R"({{"current":{},"held":true}})", *number));
}

Outcome<std::int64_t> ProxyHandlers::next_of(const Entity& entity) const {
  M3U_TRY(const bool is_held, context_.store.generations().is_held(entity.id));
  if (!is_held) return problem(409, "the proxy is not held");
  M3U_TRY(const auto rows, context_.store.generations().list(entity.id));
  std::int64_t newest = 0;
  for (const GenerationRow& row : rows) newest = std::max(newest, row.number);
  return newest;
}

Answer ProxyHandlers::release(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find(call));
  if (is_dry) {
    M3U_TRY(const std::int64_t next, next_of(entity));
    return would_serve(call, entity, next, false);
  }
  M3U_TRY(const std::int64_t number, context_.store.generations().release(entity.id));
  M3U_CHECK(log(call, "proxies.release", entity, fmt::format(R"({{"generation":{}}})", number)));
  return json_answer(fmt::format(R"({{"current":{},"held":false}})", number));
}

Answer ProxyHandlers::generate(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find(call));
  if (is_dry) {
    M3U_TRY(const jobs::ProxyEntry entry, entry_of(entity));
    const auto model = context_.conductor.model();  // entry_of() refuses where there is none
    DryRun run(context_, *data_, call);
    M3U_CHECK(run.look(*model, entry));
    return run.answer();
  }
  const store::Time now = context_.clock();
  M3U_TRY(const auto queued,
          context_.store.jobs().enqueue(
              jobs::generate_job(entity.id, jobs::JobPriority::kPerson, now), now));
  M3U_CHECK(log(call, "proxies.generate", entity));
  std::string text;
  Json json(text);
  write_job(json, context_, queued.job);
  return json_answer(std::move(text), 202);
}

/// A name that says what the file is, and nothing that a header or a folder could take for more.
std::string download_name(std::string_view proxy, std::int64_t number, std::string_view file) {
  std::string name;
  for (const char c : proxy) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name.push_back(plain || c == '-' || c == '_' ? c : '_');
  }
  return fmt::format("{}-{}-{}", name, number, file);
}

Answer ProxyHandlers::download(Call& call) {
  M3U_TRY(const Entity entity, find(call));
  const std::string_view text = call.request.parameter("number");
  const std::string_view name = call.request.parameter("file");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  const bool known = name == snapshots::kPlaylistFile || name == snapshots::kGuideFile;
  if (error != std::errc() || end != text.end() || !known)
    return problem(404, "there is no such file");
  M3U_CHECK(context_.store.generations().get(entity.id, number));
  M3U_TRY(const jobs::ProxyEntry entry, entry_of(entity));
  M3U_TRY(const std::string door, context_.output_door(entry));
  M3U_TRY(auto snapshot, context_.generator.open(entity.id, number));
  M3U_TRY(const auto opened,
          outputs::PublishedProxy::make(entity.id, entity.name, std::move(snapshot), {}, 0));
  const outputs::PublishedFile* const file = opened->file(name);
  if (file == nullptr) return problem(404, "this generation has no such file");
  http::Response response;
  response.add("Content-Type", name == snapshots::kGuideFile ? "application/xml; charset=utf-8"
                                                             : "audio/x-mpegurl; charset=utf-8");
  response.add("Content-Disposition", fmt::format("attachment; filename=\"{}\"",
                                                  download_name(entity.name, number, name)));
  M3U_TRY(response.body,
          outputs::FilledFile::open(
              context_.process.budget(),
              {.file = file->descriptor, .size = file->bytes, .counts = file->places},
              context_.placeholders,
              outputs::Placeholders{.base = http::to_string(call.base), .token = door}));
  return response;
}

}  // namespace

Result<> add_proxy_routes(Operations& operations, const ApiContext& context,
                          const std::shared_ptr<PublishedData>& data) {
  const auto handlers = std::make_shared<ProxyHandlers>(context, data);
  using Work = Answer (ProxyHandlers::*)(Call&);
  const auto add = [&](http::Method method, std::string_view rest, OperationOptions options,
                       Work work) {
    return operations.add(method, fmt::format("/proxies/{{id}}/{}", rest), std::move(options),
                          [handlers, work](Call& call) { return ((*handlers).*work)(call); });
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "generations", {.id = "listGenerations"}, &ProxyHandlers::generations));
  // One that another replica made may have to be fetched first.
  M3U_CHECK(add(kGet, "generations/{number}/{file}",
                {.id = "downloadGeneration", .least = Role::kEditor, .pace = Pace::kLong},
                &ProxyHandlers::download));
  M3U_CHECK(
      add(kGet, "diff", {.id = "diffGenerations", .pace = Pace::kSlow}, &ProxyHandlers::diff));
  M3U_CHECK(
      add(kPost, "roll-back",
          {.id = "rollBack", .least = Role::kEditor, .body_limit = kSmallBody, .has_dry_run = true},
          &ProxyHandlers::roll_back));
  M3U_CHECK(add(kPost, "release", {.id = "release", .least = Role::kEditor, .has_dry_run = true},
                &ProxyHandlers::release));
  return add(kPost, "generate", {.id = "generate", .least = Role::kEditor, .has_dry_run = true},
             &ProxyHandlers::generate);
}

}  // namespace m3u_proxy::api
