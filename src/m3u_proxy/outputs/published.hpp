// Published: what is served right now: of each proxy its current generation, and which doors lead
// to it.
//
// Replaced as a whole when a generation, a proxy or a token changes; who sends a file keeps the
// generation that it belongs to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/outputs/filled_file.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>
#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::outputs {

/// A file of a generation, ready to be sent.
struct PublishedFile {
  std::shared_ptr<const io::Descriptor> descriptor;
  std::uint64_t bytes = 0;
  std::string hash;
  std::shared_ptr<const std::vector<PlaceCount>> places;
};

/// A proxy and the generation that is served. Immutable but for what is opened when it is first
/// asked for; thread-safe.
class PublishedProxy {
 public:
  /// `snapshot` may be nullptr: nothing was generated yet. `older`: the other generations that are
  /// kept, newest first. Errors: kParse, kIo when a file of it cannot be used.
  static Result<std::shared_ptr<PublishedProxy>> make(
      Uuid id, std::string name, std::shared_ptr<const snapshots::Snapshot> snapshot,
      std::vector<std::shared_ptr<const snapshots::Snapshot>> older, std::int64_t made);

  [[nodiscard]] const Uuid& id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has_generation() const { return snapshot_ != nullptr; }
  [[nodiscard]] const std::string& generation() const { return snapshot_->name(); }
  /// Seconds since 1970.
  [[nodiscard]] std::int64_t made() const { return made_; }
  /// nullptr: there is none.
  [[nodiscard]] const PublishedFile* file(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, PublishedFile, std::less<>>& files() const {
    return files_;
  }
  /// The address of a channel's stream at its source; an older generation's, when the current one
  /// has no such channel. nullopt: nobody knows it. Errors: kIo, kParse, kOverBudget.
  [[nodiscard]] Result<std::optional<std::string>> stream_address(const Uuid& channel,
                                                                  memory::Budget& budget,
                                                                  memory::SlabPool& slabs);
  /// The same of its logo; "" for a channel without one.
  [[nodiscard]] Result<std::optional<std::string>> logo_address(const Uuid& channel,
                                                                memory::Budget& budget,
                                                                memory::SlabPool& slabs);

 private:
  struct OpenLineup {
    std::shared_ptr<const snapshots::Snapshot> snapshot;
    std::shared_ptr<const snapshots::Lineup> lineup;  // nullptr: not opened yet
  };
  Result<std::optional<std::string>> field_of(const Uuid& channel, catalog::ChannelField field,
                                              memory::Budget& budget, memory::SlabPool& slabs);
  Result<std::shared_ptr<const snapshots::Lineup>> lineup(std::size_t index,
                                                          memory::Budget& budget);

  Uuid id_{};
  std::string name_;
  std::shared_ptr<const snapshots::Snapshot> snapshot_;
  std::int64_t made_ = 0;
  std::map<std::string, PublishedFile, std::less<>> files_;
  std::mutex mutex_;  // of lineups_
  std::vector<OpenLineup> lineups_;
};

/// Thread-safe.
class Published {
 public:
  /// By hash of an output token, and by name of a public proxy.
  struct Doors {
    std::map<std::string, Uuid, std::less<>> by_token_hash;
    std::map<std::string, Uuid, std::less<>> by_name;
    /// When those tokens end that do, by hash: they open nothing from then on.
    std::map<std::string, store::Time, std::less<>> ends;
  };
  void replace(std::vector<std::shared_ptr<PublishedProxy>> proxies, Doors doors);
  /// `told` is called after each replace() from now on, on its thread; empty: nobody is told, and
  /// no call is under way any more. It must not call replace() or this.
  void when_replaced(std::function<void()> told);

  /// The proxy that a token, or the name of a public one, opens; nullptr: none.
  [[nodiscard]] std::shared_ptr<PublishedProxy> find(std::string_view door) const;
  /// The proxy of this id; nullptr: none.
  [[nodiscard]] std::shared_ptr<PublishedProxy> of(const Uuid& id) const;
  [[nodiscard]] std::vector<std::shared_ptr<PublishedProxy>> all() const;

 private:
  struct State {
    std::map<Uuid, std::shared_ptr<PublishedProxy>> proxies;
    Doors doors;
  };
  [[nodiscard]] std::shared_ptr<const State> state() const;

  mutable std::mutex mutex_;  // of state_
  std::shared_ptr<const State> state_ = std::make_shared<State>();
  std::mutex telling_;
  std::function<void()> told_;
};

}  // namespace m3u_proxy::outputs
