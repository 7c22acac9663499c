// LiveSettings: what holds of the configuration's plain sections while a service runs, and who says
// so: the command line, the environment, the configuration file, what is saved in the database, or
// nobody, each before those that follow.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/config/plain_keys.hpp>

namespace m3u_proxy::settings {

/// Thread-safe.
class LiveSettings {
 public:
  LiveSettings(config::Environment environment, config::ConfigFlags flags)
      : environment_(std::move(environment)), flags_(std::move(flags)) {}

  /// Everything together, with a configuration file and what would be saved; changes nothing.
  [[nodiscard]] config::LoadedConfiguration read(
      const std::optional<config::ConfigDocument>& document, const ConfigNode* saved) const;
  /// The same with the file that holds.
  [[nodiscard]] config::LoadedConfiguration try_out(const ConfigNode& saved) const;

  /// The service begins with this: all of it is in force.
  void begin(const std::optional<config::ConfigDocument>& document,
             const config::LoadedConfiguration& loaded);
  /// From now on this is what is said. `is_taken` tells of a key that has changed whether the
  /// service acts on it; the others are in force with the next start. Returns the keys that
  /// changed.
  std::vector<std::string> change(const std::optional<config::ConfigDocument>& document,
                                  const config::LoadedConfiguration& loaded,
                                  const std::function<bool(std::string_view key)>& is_taken);

  struct Key {
    config::PlainKey said;    ///< its shape has the value that is said
    std::string in_force;     ///< JSON
    std::string otherwise{};  ///< the default; JSON
    config::SaidBy said_by = config::SaidBy::kDefault;
  };
  /// In the order of config::plain_keys().
  [[nodiscard]] std::vector<Key> keys() const;
  /// Keys of which something else is said than what is in force.
  [[nodiscard]] std::vector<std::string> restart_needed() const;
  /// As it is said.
  [[nodiscard]] config::Configuration said() const;
  /// The configuration file's name; empty: there is none.
  [[nodiscard]] std::string file() const;
  [[nodiscard]] std::optional<config::ConfigDocument> document() const;

 private:
  config::Environment environment_;
  config::ConfigFlags flags_;
  mutable std::mutex mutex_;  // of what follows
  std::optional<config::ConfigDocument> document_;
  config::Configuration said_;
  std::map<std::string, config::SaidBy, std::less<>> said_by_;
  std::map<std::string, std::string, std::less<>> in_force_;  // JSON by key
};

}  // namespace m3u_proxy::settings
