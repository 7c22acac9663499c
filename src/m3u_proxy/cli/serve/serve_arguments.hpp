// ServeArguments: the arguments of `m3u-proxy serve` and `m3u-proxy ctl`.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/cli/serve/serve_options.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
}  // namespace CLI

namespace m3u_proxy::cli {

class ServeArguments {
 public:
  /// Adds the commands to the program, which writes into this object as it parses.
  explicit ServeArguments(CLI::App& program);
  ServeArguments(const ServeArguments&) = delete;
  ServeArguments& operator=(const ServeArguments&) = delete;

  [[nodiscard]] const CLI::App* serve() const { return serve_; }
  [[nodiscard]] const CLI::App* ctl() const { return ctl_; }
  /// What was typed, after parsing. Error: kInvalidArgument.
  [[nodiscard]] Result<ServeOptions> read_serve() const;
  [[nodiscard]] Result<CtlOptions> read_ctl() const;

 private:
  void add_serve(CLI::App& program);
  void add_ctl(CLI::App& program);
  CLI::App* add_ctl_command(CLI::App* to, const char* name, const char* help, const char* what);
  void add_edits();

  /// Where the parser puts what it read.
  struct Raw {
    std::string config, data, listen, public_url, memory_limit, spill_dir, threads, log_level,
        log_format;
    std::string name, from, to, file, search, proxy, unset;
    bool json = false, hide = false, show = false, guide = false;
  };
  Raw raw_;
  CLI::App* serve_ = nullptr;
  CLI::App* ctl_ = nullptr;
  CLI::App* edits_ = nullptr;
  /// An option of `edits set`: its key in [[edits]], and what was typed.
  struct EditField {
    std::string key;
    std::string value{};
    const CLI::Option* option = nullptr;
  };
  std::vector<EditField> edit_fields_;
  std::vector<CLI::App*> ctl_commands_;
};

}  // namespace m3u_proxy::cli
