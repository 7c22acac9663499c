#include <m3u_proxy/settings/live_settings.hpp>

namespace m3u_proxy::settings {

using config::ConfigDocument;
using config::LoadedConfiguration;
using config::PlainKey;

LoadedConfiguration LiveSettings::read(const std::optional<ConfigDocument>& document,
                                       const ConfigNode* saved) const {
  return config::load_configuration(document, environment_, flags_, saved);
}

LoadedConfiguration LiveSettings::try_out(const ConfigNode& saved) const {
  return read(document(), &saved);
}

void LiveSettings::begin(const std::optional<ConfigDocument>& document,
                         const LoadedConfiguration& loaded) {
  const std::scoped_lock lock(mutex_);
  document_ = document;
  said_ = loaded.configuration;
  said_by_ = loaded.said_by;
  in_force_.clear();
  for (PlainKey& key : config::plain_keys(said_)) in_force_[key.key] = std::move(key.shape.value);
}

std::vector<std::string> LiveSettings::change(
    const std::optional<ConfigDocument>& document, const LoadedConfiguration& loaded,
    const std::function<bool(std::string_view key)>& is_taken) {
  const std::scoped_lock lock(mutex_);
  auto changed = config::changed_keys(said_, loaded.configuration);
  document_ = document;
  said_ = loaded.configuration;
  said_by_ = loaded.said_by;
  for (PlainKey& key : config::plain_keys(said_))
    if (std::string& now = in_force_[key.key]; now != key.shape.value && is_taken(key.key))
      now = std::move(key.shape.value);
  return changed;
}

std::vector<LiveSettings::Key> LiveSettings::keys() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Key> all;
  auto otherwise = config::plain_keys(config::Configuration());
  auto said = config::plain_keys(said_);
  for (std::size_t i = 0; i < said.size(); ++i) {
    const auto by = said_by_.find(said[i].key);
    const std::string& in_force = in_force_.at(said[i].key);
    all.push_back({.said = std::move(said[i]),
                   .in_force = in_force,
                   .otherwise = std::move(otherwise[i].shape.value),
                   .said_by = by == said_by_.end() ? config::SaidBy::kDefault : by->second});
  }
  return all;
}

std::vector<std::string> LiveSettings::restart_needed() const {
  std::vector<std::string> names;
  for (const Key& key : keys())
    if (key.in_force != key.said.shape.value) names.push_back(key.said.key);
  return names;
}

config::Configuration LiveSettings::said() const {
  const std::scoped_lock lock(mutex_);
  return said_;
}

std::string LiveSettings::file() const {
  const std::scoped_lock lock(mutex_);
  return document_ ? document_->file : std::string();
}

std::optional<ConfigDocument> LiveSettings::document() const {
  const std::scoped_lock lock(mutex_);
  return document_;
}

}  // namespace m3u_proxy::settings
