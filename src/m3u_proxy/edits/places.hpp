// Places: works out where channels go that were placed before or after others.
//
// The caller that brings the channels into order says of each one that is concerned that it is
// there, and by which key it would be by itself. Then placed channels are around the one that they
// go by: those before it in their own order, it, those after it in their own order; each of them
// with those that go by it in turn. A channel whose anchor is not there, or that goes by itself in
// the end, stays where it would be by itself.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::edits {

/// Not thread-safe. Throws memory::OverBudget.
class Places {
 public:
  /// A channel that is placed, or that others go by.
  using Node = std::uint32_t;

  Places(memory::Budget& budget, std::span<const Placement> placements);
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// nullopt: the channel is not concerned.
  [[nodiscard]] std::optional<Node> find(const Uuid& channel) const;
  [[nodiscard]] bool is_placed(Node node) const { return nodes_[node].place != Place::kStays; }
  /// The channel is there; `key` tells where it would be by itself: keys compare as the channels
  /// do, and no two are equal.
  void note(Node node, std::string_view key);

  /// After the last note().
  void resolve();
  /// After resolve(): the channel by which a noted one is, which may be itself; that one's key
  /// is the first part of its place.
  [[nodiscard]] std::string_view key(Node node) const { return nodes_[nodes_[node].root].key; }
  /// The second part: less than 0 before that channel, 0 for itself.
  [[nodiscard]] std::int32_t rank(Node node) const { return nodes_[node].rank; }

 private:
  struct Entry {
    explicit Entry(std::pmr::memory_resource* memory) : key(memory) {}
    Node anchor = 0;
    Place place = Place::kStays;
    bool is_there = false;
    bool stands_alone = true;  // goes by nobody who is there
    std::pmr::string key;
    Node root = 0;
    std::int32_t rank = 0;
  };
  struct Hash {
    std::size_t operator()(const Uuid& id) const;
  };

  Node node_of(const Uuid& channel);
  void break_circles();
  [[nodiscard]] std::pmr::vector<Node> tree_of(Node root,
                                               std::span<const Node> by_anchor_and_key) const;

  mutable memory::BudgetResource memory_;
  std::pmr::vector<Entry> nodes_;
  std::pmr::unordered_map<Uuid, Node, Hash> by_id_;
};

}  // namespace m3u_proxy::edits
