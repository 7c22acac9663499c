// Draft places: what was sent is read among what there is, and its mistakes are told by its fields.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::api {

/// Gives a node and all within it the places of fields: `path`, `path.member`, `path[2]`.
void mark_draft(ConfigNode& node, const std::string& path);
/// The place of a field.
Where draft_place(const std::string& field);
/// The field of a place; nullopt: it is none of a draft.
std::optional<std::string> draft_field(const Where& where);

}  // namespace m3u_proxy::api
