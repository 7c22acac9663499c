#include <fmt/format.h>

#include <m3u_proxy/api/draft_places.hpp>

namespace m3u_proxy::api {
namespace {

/// No file is called so.
constexpr char kDraft = '\x01';

}  // namespace

void mark_draft(ConfigNode& node, const std::string& path) {
  node.where = draft_place(path);
  for (ConfigMember& member : node.members) {
    const std::string of_member = fmt::format("{}.{}", path, member.name);
    member.where = draft_place(of_member);
    mark_draft(member.value, of_member);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    mark_draft(node.items[i], fmt::format("{}[{}]", path, i + 1));
}

Where draft_place(const std::string& field) { return {.source = kDraft + field}; }

std::optional<std::string> draft_field(const Where& where) {
  if (where.source.empty() || where.source.front() != kDraft) return std::nullopt;
  return where.source.substr(1);
}

}  // namespace m3u_proxy::api
