// ImportArguments: the arguments of `m3u-proxy import`: of a configuration file, and a command for
// each other program.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/cli/backup/transfer_options.hpp>
#include <m3u_proxy/cli/import/import_options.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
}  // namespace CLI

namespace m3u_proxy::cli {

class ImportArguments {
 public:
  /// Adds the commands to the program, which writes into this object as it parses.
  explicit ImportArguments(CLI::App& program);
  ImportArguments(const ImportArguments&) = delete;
  ImportArguments& operator=(const ImportArguments&) = delete;

  [[nodiscard]] const CLI::App* command() const { return command_; }
  /// What was typed, after parsing. Error: kInvalidArgument.
  [[nodiscard]] Result<std::variant<ImportOptions, ImportFileOptions>> read() const;

 private:
  void add_file(CLI::App* command);

  struct Raw {
    std::string file, data, config, path, output, secrets;
    bool replaces = false, only_check = false;
  };
  Raw raw_;
  CLI::App* command_ = nullptr;
  std::vector<CLI::App*> programs_;  // in the order of importers::other_programs()
};

}  // namespace m3u_proxy::cli
