#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/api/entities/entity_impact.hpp>
#include <m3u_proxy/api/transfer/import_impact.hpp>
#include <m3u_proxy/edits/listed_edits.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using edits::ChannelEdit;

/// A kept edit, those of a preview, and these sorted.
constexpr std::size_t kCopies = 3;

/// What edits there would be, as far as they differ from those that are stored or hold for the same
/// channels. A proxy is called by the name that it would have; "": all of them.
class EditsAfterImport {
 public:
  /// `file` outlives this.
  EditsAfterImport(memory::Budget& budget, const std::vector<store::FileEdit>& file,
                   store::ImportMode mode)
      : budget_(budget), file_(file), mode_(mode) {
    for (const store::FileEdit& wanted : file) {
      new_.emplace(Key(wanted.edit.channel, wanted.proxy), &wanted);
      channels_.insert(wanted.edit.channel);
    }
  }

  /// Walks through the edits that are stored; once. Errors: of the store, kOverBudget.
  Result<> read(store::Store& store, const jobs::Model& after) {
    for (const store::FileEdit& wanted : file_) M3U_CHECK(reserve(records::to_edit(wanted.edit)));
    const std::map<Key, const store::FileEdit*> wanted = new_;
    M3U_CHECK(store.edits().for_each([&](const store::ChannelEdit& stored) -> Result<> {
      std::string proxy;
      if (stored.proxy) {
        const jobs::ProxyEntry* const entry = after.find_proxy(*stored.proxy);
        if (entry == nullptr) return {};  // it goes with its proxy
        proxy = entry->config.name.name;
      }
      return see(stored, std::move(proxy), wanted);
    }));
    for (const auto& [key, edit] : new_) touched_.insert(key.second);
    return {};
  }

  /// Whether others would hold for a proxy.
  [[nodiscard]] bool touch(const std::string& proxy) const {
    return touched_.contains(std::string()) || touched_.contains(proxy);
  }

  /// What is said for all comes first, and what is said for the proxy holds against it.
  [[nodiscard]] PreviewOptions options(const std::string& proxy) const {
    std::vector<ChannelEdit> all;
    for (const std::string& of : {std::string(), proxy}) {
      for (const auto& [whose, edit] : kept_)
        if (whose == of) all.push_back(edit);
      for (const store::FileEdit& wanted : file_)
        if (wanted.proxy == of) all.push_back(records::to_edit(wanted.edit));
    }
    if (mode_ == store::ImportMode::kAdd) return {.edits = std::move(all)};
    return {.only_edits = std::make_shared<const edits::ListedEdits>(std::move(all))};
  }

 private:
  using Key = std::pair<Uuid, std::string>;  ///< a channel and a proxy

  Result<> reserve(const ChannelEdit& edit) {
    M3U_TRY(auto more, budget_.reserve(memory::Tag::kHttp, Bytes{kCopies * size_of(edit).count}));
    room_.absorb(std::move(more));
    return {};
  }

  Result<> see(const store::ChannelEdit& stored, std::string proxy,
               const std::map<Key, const store::FileEdit*>& wanted) {
    const ChannelEdit edit = records::to_edit(stored);
    const Key key(stored.channel, proxy);
    if (const auto found = wanted.find(key); found != wanted.end()) {
      if (records::to_edit(found->second->edit) == edit) new_.erase(key);
      return {};
    }
    const bool replaces = mode_ == store::ImportMode::kReplace;
    if (replaces && stored.managed_by == store::ManagedBy::kUser) {
      touched_.insert(std::move(proxy));
      return {};
    }
    if (!replaces && !channels_.contains(stored.channel)) return {};
    M3U_CHECK(reserve(edit));
    kept_.emplace_back(std::move(proxy), edit);
    return {};
  }

  memory::Budget& budget_;
  const std::vector<store::FileEdit>& file_;
  store::ImportMode mode_;
  /// Those of the file that are not stored as they are there.
  std::map<Key, const store::FileEdit*> new_;
  std::set<Uuid> channels_;  ///< of the file
  /// Stored ones that stay: of these channels, or, where all is replaced, the configuration file's.
  std::vector<std::pair<std::string, ChannelEdit>> kept_;
  std::set<std::string> touched_;  ///< proxies
  memory::Reservation room_;
};

}  // namespace

Outcome<void> look_at_import(DryRun& run, const ApiContext& context, const PlannedImport& planned,
                             store::ImportMode mode) {
  M3U_TRY(const auto before, model_with(context, {}));
  M3U_TRY(const auto after, model_with(context, planned.drafts));
  EditsAfterImport edits(context.process.budget(), planned.edits, mode);
  M3U_CHECK(edits.read(context.store, *after));
  return look_at_models(run, *before, *after,
                        {.differ = [&](const jobs::ProxyEntry& proxy) -> Outcome<bool> {
                           return edits.touch(proxy.config.name.name);
                         },
                         .options = [&](const jobs::ProxyEntry& proxy) -> Outcome<PreviewOptions> {
                           return edits.options(proxy.config.name.name);
                         }});
}

}  // namespace m3u_proxy::api
