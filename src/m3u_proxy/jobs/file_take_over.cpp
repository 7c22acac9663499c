#include <filesystem>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/jobs/file_take_over.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::jobs {
namespace {

/// The edits of a file, but for those of proxies that are not there yet.
Result<std::vector<store::ChannelEdit>> edits_of(store::Store& store,
                                                 const config::Configuration& said) {
  std::vector<store::ChannelEdit> edits;
  for (const config::EditConfig& edit : said.edits) {
    std::optional<Uuid> proxy;
    if (!edit.proxy.name.empty()) {
      const auto entity = store.entities().find(store::EntityKind::kProxy, edit.proxy.name);
      if (!entity && entity.error().code == ErrorCode::kNotFound) continue;
      if (!entity) return fail(entity.error());
      proxy = entity->id;
    }
    edits.push_back(records::to_stored(edit.edit, proxy));
  }
  return edits;
}

}  // namespace

Result<std::vector<store::FileEntity>> entities_of(const config::ConfigDocument& file) {
  M3U_TRY(ConfigNode tree, parse_toml(file.text, file.file));
  config::ConfigReader reader;
  (void)config::replace_legacy_keys(reader, tree);
  return entities_of(tree, std::filesystem::current_path() / file.folder);
}

Result<FileTakeOver> take_over_file(store::Store& store, const config::ConfigDocument& file,
                                    const config::Configuration& said, store::Time now) {
  M3U_TRY(const auto entities, entities_of(file));
  // Before anything is taken over: a proxy that comes with the file has no edits of people.
  M3U_TRY(const auto known, edits_of(store, said));
  M3U_CHECK(store.edits().check_file(known));
  FileTakeOver taken;
  M3U_TRY(taken.entities, store.entities().take_over_file(entities, now));
  M3U_TRY(const auto edits, edits_of(store, said));
  M3U_TRY(const bool changed, store.edits().take_over_file(edits, now));
  if (changed) taken.edits = edits.size();
  return taken;
}

}  // namespace m3u_proxy::jobs
