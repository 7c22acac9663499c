#include <m3u_proxy/generation/loaded_channels.hpp>

namespace m3u_proxy::generation {

Result<> LoadedChannels::begin() {
  if (!config_.plugins) return {};
  M3U_TRY(plugins_, config_.plugins());
  if (!plugins_) return {};
  M3U_CHECK(
      plugins_->begin({.context = &context_, .proxy = config_.name, .sources = reader_.infos()}));
  reader_.set_plugins([this](const std::string& plugin, std::uint16_t source) {
    return plugins_->open_source(plugin, source);
  });
  return {};
}

Result<bool> LoadedChannels::next() {
  item_.batch.clear();
  item_.problems.clear();
  M3U_TRY(const bool more, reader_.next(item_));
  if (!more) return false;
  M3U_CHECK(parse_.process(item_));
  M3U_CHECK(duplicates_.process(item_));
  return true;
}

}  // namespace m3u_proxy::generation
