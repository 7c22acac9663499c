// Tables: rows of a database that came as JSON, by their names.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

class Tables {
 public:
  /// From a folder: each NAME.json is the table NAME. From a file: an object whose members are
  /// tables, or Django's dump, whose rows say their model themselves (`m3u.m3uaccount` is the table
  /// `m3uaccount`) and get their `id`. Answers of an API in pages (`{"results": […]}`) are read
  /// too. Errors: kNotFound, kIo, kConfig.
  static Result<Tables> read(const std::filesystem::path& path);

  /// The rows of the first of `names` that is there.
  [[nodiscard]] const std::vector<ConfigNode>& rows(
      std::initializer_list<std::string_view> names) const;
  [[nodiscard]] bool empty() const { return tables_.empty(); }

 private:
  void add(const std::string& name, const ConfigNode& node);
  void add_dump(const ConfigNode& list);
  std::map<std::string, std::vector<ConfigNode>, std::less<>> tables_;
};

/// A column that holds JSON, as a value or as a text (as SQLite gives it); an empty table when it
/// is neither.
ConfigNode json_column(const ConfigNode& row, std::string_view column);

}  // namespace m3u_proxy::importers
