// Plain keys: every key of the sections that are plain tables, with what it takes and what it has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/config/key_shape.hpp>

namespace m3u_proxy::config {

struct PlainKey {
  std::string_view section;
  std::string_view name;
  std::string key;  ///< "service.refresh"
  KeyShape shape;
};
/// In the order of the sections and their tables. `configuration` has the values.
std::vector<PlainKey> plain_keys(const Configuration& configuration);

/// Whether a running service takes a change of a key over.
bool applies_at_once(std::string_view key);
/// Whether it is a secret, or has one in it.
bool is_secret(std::string_view key);

/// The keys whose values differ, in the order of plain_keys().
std::vector<std::string> changed_keys(const Configuration& before, const Configuration& now);

}  // namespace m3u_proxy::config
