// Migration: an old configuration's text with today's keys in the place of the legacy ones, and
// everything else, comments and order too, as it was.
#pragma once

#include <string>
#include <vector>

#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::config {

struct MigratedConfiguration {
  std::string text;                     ///< the same as the document's when nothing had to change
  std::vector<LegacyChange> changes;    ///< in the order of the document
  std::vector<ConfigProblem> problems;  ///< wrong values of legacy keys; then `text` is empty
};

/// Rewrites the legacy keys of `document`. The result means what the document meant: it is read
/// again and compared. Pure and thread-safe. Errors: kConfig when the document is not TOML, or
/// when a legacy key is in a form that cannot be rewritten line by line (its place and what to
/// write instead are named).
Result<MigratedConfiguration> migrate_configuration(const ConfigDocument& document);

}  // namespace m3u_proxy::config
