// PluginArguments: the arguments of `m3u-proxy plugin` and its subcommands.
#pragma once

#include <string>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/cli/plugin_options.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
}  // namespace CLI

namespace m3u_proxy::cli {

class PluginArguments {
 public:
  /// Adds the command to the program, which writes into this object as it parses.
  explicit PluginArguments(CLI::App& program);
  PluginArguments(const PluginArguments&) = delete;
  PluginArguments& operator=(const PluginArguments&) = delete;

  [[nodiscard]] const CLI::App* command() const { return plugin_; }
  /// What was typed, after parsing. Error: kInvalidArgument.
  [[nodiscard]] Result<PluginOptions> read() const;

 private:
  void add_list();
  void add_inspect();
  void add_validate();
  void add_run();
  void add_bench();
  void add_new();
  void add_clear();
  void add_compile();
  [[nodiscard]] Result<PluginOptions> read_list() const;
  [[nodiscard]] Result<PluginOptions> read_run() const;
  [[nodiscard]] Result<PluginOptions> read_bench() const;
  [[nodiscard]] Result<PluginOptions> read_new() const;

  /// Where the parser puts what it read.
  struct Raw {
    std::string file, directory, config, stage, input, config_json, now, channels, language, name;
    std::string into, out;
    bool json = false;
  };
  Raw raw_;
  CLI::App* plugin_;
  CLI::App* list_ = nullptr;
  CLI::App* inspect_ = nullptr;
  CLI::App* validate_ = nullptr;
  CLI::App* run_ = nullptr;
  CLI::App* bench_ = nullptr;
  CLI::App* new_ = nullptr;
  CLI::App* clear_ = nullptr;
  CLI::App* compile_ = nullptr;
};

}  // namespace m3u_proxy::cli
