#include <set>

#include <m3u_proxy/api/entities/output_tokens.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/publication.hpp>

namespace m3u_proxy::daemon {

Result<std::shared_ptr<outputs::PublishedProxy>> Publication::open(const jobs::ProxyEntry& entry) {
  M3U_TRY(const auto rows, store_.generations().list(entry.id));
  Open& known = open_[entry.id];
  decltype(known.rows) now;
  for (const store::GenerationRow& row : rows) now.emplace_back(row.number, row.state);
  const std::string& name = entry.config.name.name;
  if (known.proxy && known.rows == now && known.name == name) return known.proxy;
  Snapshot current;
  std::vector<Snapshot> older;
  std::map<std::int64_t, Snapshot> opened;
  std::int64_t made = 0;
  for (const store::GenerationRow& row : rows) {
    if (row.state == store::GenerationState::kCandidate) continue;
    const auto before = known.snapshots.find(row.number);
    Result<Snapshot> snapshot = before != known.snapshots.end()
                                    ? Result<Snapshot>(before->second)
                                    : generator_.open(entry.id, row.number);
    if (row.state == store::GenerationState::kCurrent) {
      M3U_TRY(current, snapshot);
      made = store::seconds_of(row.created);
    } else if (snapshot) {
      older.push_back(*snapshot);
    }
    if (snapshot) opened.emplace(row.number, *std::move(snapshot));
  }
  M3U_TRY(auto proxy, outputs::PublishedProxy::make(entry.id, name, std::move(current),
                                                    std::move(older), made));
  known = {.name = name, .rows = std::move(now), .snapshots = std::move(opened), .proxy = proxy};
  return proxy;
}

void Publication::add_doors(const jobs::ProxyEntry& entry, outputs::Published::Doors& doors) {
  if (entry.config.is_public) doors.by_name.emplace(entry.config.name.name, entry.id);
  if (const auto token = api::output_token(store_, key_, entry.id, clock_()); !token)
    log::error("outputs", "{}", to_string(token.error()));
  if (const auto tokens = store_.tokens().list(store::TokenKind::kOutput, entry.id); tokens)
    for (const store::AccessToken& token : *tokens) {
      doors.by_token_hash.emplace(token.hash, entry.id);
      if (token.expires != store::Time()) doors.ends.emplace(token.hash, token.expires);
    }
}

void Publication::publish(const jobs::Model& model) {
  std::vector<std::shared_ptr<outputs::PublishedProxy>> proxies;
  outputs::Published::Doors doors;
  std::set<std::string> hashes;
  for (const jobs::ProxyEntry& entry : model.proxies) {
    auto proxy = open(entry);
    if (!proxy) {
      log::error("outputs", "\"{}\" cannot be served: {}", entry.config.name.name,
                 to_string(proxy.error()));
      proxy = outputs::PublishedProxy::make(entry.id, entry.config.name.name, nullptr, {}, 0);
      if (!proxy) continue;
    }
    for (const auto& [name, file] : (*proxy)->files()) hashes.insert(file.hash);
    proxies.push_back(*std::move(proxy));
    add_doors(entry, doors);
  }
  std::erase_if(open_, [&](const auto& entry) { return model.find_proxy(entry.first) == nullptr; });
  published_.replace(std::move(proxies), std::move(doors));
  variants_.keep_only(hashes);
}

}  // namespace m3u_proxy::daemon
