#include <algorithm>
#include <cstring>
#include <tuple>

#include <m3u_proxy/edits/places.hpp>

namespace m3u_proxy::edits {

std::size_t Places::Hash::operator()(const Uuid& id) const {
  // Ids are hashes themselves; a person may still write down any.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, id.bytes.data(), sizeof(low));
  std::memcpy(&high, id.bytes.data() + sizeof(low), sizeof(high));
  return static_cast<std::size_t>((low ^ (high * 0x9E3779B97F4A7C15ULL)) * 0xFF51AFD7ED558CCDULL);
}

Places::Places(memory::Budget& budget, std::span<const Placement> placements)
    : memory_(budget, memory::Tag::kNumbers), nodes_(&memory_), by_id_(&memory_) {
  for (const Placement& placement : placements) {
    const Node channel = node_of(placement.channel);
    const Node anchor = node_of(placement.anchor);
    nodes_[channel].anchor = anchor;
    nodes_[channel].place = placement.place;
  }
}

Places::Node Places::node_of(const Uuid& channel) {
  const auto [found, is_new] = by_id_.try_emplace(channel, static_cast<Node>(nodes_.size()));
  if (is_new) nodes_.emplace_back(&memory_);
  return found->second;
}

std::optional<Places::Node> Places::find(const Uuid& channel) const {
  const auto found = by_id_.find(channel);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

void Places::note(Node node, std::string_view key) {
  nodes_[node].is_there = true;
  nodes_[node].key = key;
}

/// Of channels that go by one another in a circle, each goes by itself.
void Places::break_circles() {
  enum class State : std::uint8_t { kNew, kOnPath, kDone };
  std::pmr::vector<State> states(nodes_.size(), State::kNew, &memory_);
  std::pmr::vector<Node> path(&memory_);
  for (Node first = 0; first < nodes_.size(); ++first) {
    path.clear();
    Node at = first;
    while (states[at] == State::kNew) {
      states[at] = State::kOnPath;
      path.push_back(at);
      if (nodes_[at].stands_alone) break;
      at = nodes_[at].anchor;
    }
    if (!path.empty() && states[at] == State::kOnPath && !nodes_[at].stands_alone)
      for (auto member = std::ranges::find(path, at); member != path.end(); ++member)
        nodes_[*member].stands_alone = true;
    for (const Node node : path) states[node] = State::kDone;
  }
}

/// The channels around `root`, in order. No recursion: a chain may be long.
std::pmr::vector<Places::Node> Places::tree_of(Node root,
                                               std::span<const Node> by_anchor_and_key) const {
  struct Step {
    Node node;
    bool open;  // those that go by it come with it
  };
  std::pmr::vector<Step> steps(&memory_);
  std::pmr::vector<Node> order(&memory_);
  steps.push_back({.node = root, .open = true});
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    if (!step.open) {
      order.push_back(step.node);
      continue;
    }
    const auto around = std::ranges::equal_range(by_anchor_and_key, step.node, {},
                                                 [this](Node node) { return nodes_[node].anchor; });
    // The last one first: the steps are taken from behind.
    const auto push = [&](Place place) {
      for (std::size_t i = around.size(); i > 0; --i)
        if (nodes_[around[i - 1]].place == place)
          steps.push_back({.node = around[i - 1], .open = true});
    };
    push(Place::kAfter);
    steps.push_back({.node = step.node, .open = false});
    push(Place::kBefore);
  }
  return order;
}

void Places::resolve() {
  std::pmr::vector<Node> followers(&memory_);
  for (Entry& node : nodes_)
    node.stands_alone =
        !node.is_there || node.place == Place::kStays || !nodes_[node.anchor].is_there;
  break_circles();
  for (Node node = 0; node < nodes_.size(); ++node)
    if (!nodes_[node].stands_alone) followers.push_back(node);
  std::ranges::sort(followers, {}, [this](Node node) {
    return std::tuple(nodes_[node].anchor, std::string_view(nodes_[node].key));
  });
  for (Node root = 0; root < nodes_.size(); ++root) {
    if (!nodes_[root].is_there || !nodes_[root].stands_alone) continue;
    const auto order = tree_of(root, followers);
    const auto middle = std::ranges::find(order, root) - order.begin();
    for (std::size_t i = 0; i < order.size(); ++i) {
      nodes_[order[i]].root = root;
      nodes_[order[i]].rank = static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(i) - middle);
    }
  }
}

}  // namespace m3u_proxy::edits
