// StoredHistory: the figures of a proxy's runs in the store, from which the need of the next one is
// predicted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::records {

class StoredHistory final : public generation::RunHistoryStore {
 public:
  /// `store` outlives this. Every name means this one proxy. The store does not know of runs how
  /// many programmes their guides have: `guide_programmes`, of the last guide, is put in.
  StoredHistory(store::Store& store, const Uuid& proxy,
                std::optional<std::uint64_t> guide_programmes)
      : store_(store), proxy_(proxy), guide_programmes_(guide_programmes) {}

  memory::RunHistory read(std::string_view proxy) override;
  Result<> write(std::string_view proxy, const memory::RunHistory& history) override;

 private:
  store::Store& store_;
  Uuid proxy_;
  std::optional<std::uint64_t> guide_programmes_;
};

}  // namespace m3u_proxy::records
