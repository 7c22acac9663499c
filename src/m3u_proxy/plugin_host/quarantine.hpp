// Quarantine: which plugins failed how often, kept in a file so that it holds over several runs of
// the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/plugin_host/module_cache.hpp>

namespace m3u_proxy::plugin_host {

/// Where it is kept: beside the compiled modules. "" when there is no such folder.
std::filesystem::path quarantine_file(const CompileOptions& options);

/// Not thread-safe.
class Quarantine {
 public:
  struct Record {
    std::string content_key;  ///< of the module that failed; another one begins anew
    std::uint64_t failures = 0;
    std::string reason{};  ///< of the last failure
  };

  /// Reads `file` (a JSON object by plugin name); one that is missing or damaged is empty. "": kept
  /// in memory only.
  explicit Quarantine(std::filesystem::path file, std::uint32_t max_failures);

  /// The record of a plugin that may not run, nullptr when it may.
  [[nodiscard]] const Record* find(const std::string& name, std::string_view content_key) const;
  /// A generation is over: 0 failures clear the record. Error: kIo.
  Result<> note(const std::string& name, std::string_view content_key, std::uint64_t failures,
                const std::string& reason);
  /// Lets it run again; false when there is no record. Error: kIo.
  Result<bool> clear(const std::string& name);
  /// Reads the file again when somebody else has changed it, such as who lets a plugin run again.
  void refresh();
  [[nodiscard]] const std::map<std::string, Record>& records() const { return records_; }

 private:
  void read();
  [[nodiscard]] Result<> write();
  std::filesystem::path file_;
  std::filesystem::file_time_type time_{};  // of the file as it was read or written
  std::uint32_t max_failures_;
  std::map<std::string, Record> records_;
};

}  // namespace m3u_proxy::plugin_host
