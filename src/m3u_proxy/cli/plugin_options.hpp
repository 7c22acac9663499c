// PluginOptions: what the user typed after `m3u-proxy plugin`, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::cli {

struct PluginListOptions {
  std::optional<std::string> directory{};
  std::optional<std::string> config{};
  bool json = false;
};

// `file` is a manifest or the module beside it.
struct PluginInspectOptions {
  std::string file;
  bool json = false;
};

struct PluginValidateOptions {
  std::string file;
  std::optional<std::string> input{};  ///< nullopt: channels that we make
};

struct PluginRunOptions {
  std::string file;
  plugins::PluginStage stage{};
  std::optional<std::string> input{};  ///< nullopt: standard input
  std::optional<std::string> config_json{};
  std::optional<std::int64_t> now{};  ///< seconds since 1970
};

struct PluginBenchOptions {
  std::string file;
  std::optional<plugins::PluginStage> stage{};  ///< nullopt: the manifest's first
  std::optional<std::string> input{};           ///< nullopt: channels that we make
  std::uint32_t channels = 100'000;
};

enum class PluginLanguage : std::uint8_t { kCpp, kRust };

struct PluginNewOptions {
  PluginLanguage language = PluginLanguage::kCpp;
  std::string name;
  std::optional<std::string> into{};  ///< nullopt: a new folder NAME
};

struct PluginCompileOptions {
  std::string module;
  std::string out;
};

struct PluginClearOptions {
  std::string name;
  std::optional<std::string> config{};
};

using PluginOptions =
    std::variant<PluginListOptions, PluginInspectOptions, PluginValidateOptions, PluginRunOptions,
                 PluginBenchOptions, PluginNewOptions, PluginClearOptions, PluginCompileOptions>;

}  // namespace m3u_proxy::cli
