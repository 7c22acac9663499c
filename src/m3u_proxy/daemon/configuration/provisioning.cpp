#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/configuration/configuration_check.hpp>
#include <m3u_proxy/daemon/configuration/provisioning.hpp>
#include <m3u_proxy/daemon/example_files.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/jobs/file_take_over.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::daemon {
namespace {

Result<> write_file(const std::filesystem::path& path, std::string_view content) {
  M3U_TRY(const auto file, io::AtomicFile::create(path));
  M3U_CHECK(file->write(content));
  return file->publish();
}

/// With what only a service minds among its problems.
config::LoadedConfiguration load_checked(const std::optional<config::ConfigDocument>& document,
                                         const config::Environment& environment,
                                         const config::ConfigFlags& flags,
                                         const ConfigNode* saved) {
  auto loaded = config::load_configuration(document, environment, flags, saved);
  for (config::ConfigProblem& problem : service_problems(loaded.configuration))
    loaded.problems.push_back(std::move(problem));
  return loaded;
}

std::string to_json(const store::TakeOver& taken) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  for (const auto& [name, ids] :
       {std::pair("added", &taken.added), std::pair("changed", &taken.changed),
        std::pair("removed", &taken.removed)}) {
    json.key(name).begin_array();
    for (const Uuid& id : *ids) json.value(std::string_view(to_string(id)));
    json.end_array();
  }
  json.end_object();
  return text;
}

}  // namespace

config::ConfigFlags with_own_address(config::ConfigFlags flags) {
  flags.base_url = jobs::kOwnAddress;
  return flags;
}

Result<LoadedDocument> load_document(const std::optional<std::filesystem::path>& file,
                                     const config::Environment& environment,
                                     const config::ConfigFlags& flags, const ConfigNode* saved) {
  LoadedDocument out;
  if (file) {
    M3U_TRY(out.document, config::read_document(*file));
  }
  const config::ConfigFlags own = with_own_address(flags);
  auto loaded = load_checked(out.document, environment, own, saved);
  if (saved != nullptr && !loaded.problems.empty()) {
    auto without = load_checked(out.document, environment, own, nullptr);
    if (without.problems.empty()) {
      for (const config::ConfigProblem& problem : loaded.problems)
        log::error("config", "the saved settings are left out: {}", config::to_string(problem));
      loaded = std::move(without);
    }
  }
  for (const std::string& warning : loaded.warnings) log::warn("config", "{}", warning);
  for (const config::ConfigProblem& problem : loaded.problems)
    log::error("config", "{}", config::to_string(problem));
  if (!loaded.problems.empty()) return fail(loaded.problems.front().error);
  for (const config::ProxyConfig& proxy : loaded.configuration.proxies)
    if (proxy.mode == generation::UrlMode::kProxy)
      return fail(
          Error{.code = ErrorCode::kConfig,
                .message = fmt::format("proxy \"{}\": mode = \"proxy\" is not there yet, since "
                                       "streams are not relayed",
                                       proxy.name.name),
                .where = proxy.name.where,
                .hint = "use mode = \"redirect\", or \"direct\""});
  static_cast<config::LoadedConfiguration&>(out) = std::move(loaded);
  return out;
}

Result<store::TakeOver> take_over(store::Store& store, const LoadedDocument& loaded,
                                  store::Time now) {
  if (!loaded.document) return store::TakeOver();
  M3U_TRY(jobs::FileTakeOver taken,
          jobs::take_over_file(store, *loaded.document, loaded.configuration, now));
  if (taken.edits) log::info("config", "{} edits of channels are the file's", *taken.edits);
  if (!taken.entities.empty())
    M3U_CHECK(api::record(store, now, {.name = std::string(api::kConfigurationFile)},
                          {.action = "configuration.take-over", .after = to_json(taken.entities)}));
  return std::move(taken.entities);
}

Result<> release_file(store::Store& store) {
  M3U_TRY(const bool entities, store.entities().release_file());
  M3U_TRY(const bool edits, store.edits().release_file());
  if (entities || edits)
    log::info("config", "without a configuration file, what one brought may be changed by people");
  return {};
}

Result<bool> provision_example(store::Store& store, const std::filesystem::path& folder,
                               store::Time now) {
  using enum store::EntityKind;
  for (const auto kind : {kSource, kEpgSource, kFilter, kRule, kProxy}) {
    M3U_TRY(const auto there, store.entities().list(kind));
    if (!there.empty()) return false;
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const auto& [name, content] : example_files()) M3U_CHECK(write_file(folder / name, content));
  M3U_TRY(const auto entities, jobs::entities_of({.text = std::string(example_configuration()),
                                                  .file = "the example",
                                                  .folder = folder}));
  for (const store::FileEntity& entity : entities)
    M3U_CHECK(store.entities().create({.kind = entity.kind,
                                       .name = entity.name,
                                       .body = entity.body,
                                       .managed_by = store::ManagedBy::kExample},
                                      now));
  return true;
}

}  // namespace m3u_proxy::daemon
