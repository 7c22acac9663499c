// Entity check: whether everything that is configured would still be right after a change: read by
// the same tables of keys, and checked as a whole, as a configuration file is.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// An entity as it would be.
struct EntityDraft {
  store::EntityKind kind{};
  std::optional<Uuid> id{};  ///< none: a new one
  std::string name{};
  ConfigNode config{};
  std::string place{};  ///< what is before its fields in problems: "filters[1]."
};

/// The plain sections ([service] …) as they hold now. The example's files may be read as those in
/// allowed folders.
config::Configuration plain_sections_of(const ApiContext& context);

/// Problems: 422 with every mistake in the draft, by field and, in an expression, by position; 409
/// when something else would not be right any more; those of the store.
Outcome<void> check_draft(const ApiContext& context, const EntityDraft& draft);
/// The same of several together.
Outcome<void> check_drafts(const ApiContext& context, std::span<const EntityDraft> drafts);
/// The keys of a source or EPG source, read and checked by themselves. Problems: 422.
Outcome<config::SourceConfig> read_source(const ApiContext& context, store::EntityKind kind,
                                          const ConfigNode& config);
/// The same for an entity that would be gone. Problem: 409 when something refers to it.
Outcome<void> check_removal(const ApiContext& context, const Uuid& id);

}  // namespace m3u_proxy::api
