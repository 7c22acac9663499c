// PluginStats: what a plugin did in one stage of a generation.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace m3u_proxy::generation {

struct PluginStats {
  std::string name;
  std::string version{};
  std::string stage{};     ///< "data_mapping" …
  std::string decision{};  ///< why it ran, or why it did not
  std::uint64_t instances = 0;
  std::uint64_t chunks = 0;
  std::uint64_t items_in = 0;
  std::uint64_t items_out = 0;
  std::uint64_t failures = 0;    ///< chunks that it failed
  std::uint64_t replaced = 0;    ///< chunks that went to the native strategy instead
  std::string last_failure{};    ///< the reason; empty: none
  double execution_time_ms = 0;  ///< in its calls, all instances together
  double peak_memory_mb = 0;     ///< of its linear memories together
  /// Answers to can_handle_memory_pressure: "High" → whether.
  std::map<std::string, bool> pressure_answers{};
  std::map<std::string, double> metrics{};
};

}  // namespace m3u_proxy::generation
