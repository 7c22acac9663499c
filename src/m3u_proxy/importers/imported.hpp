// Imported: what an importer found, in the terms of our own configuration; becomes TOML in
// toml_text.hpp.
//
// Importers add to it and note what they leave out, so that nobody has to compare two
// configurations by eye. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

struct ImportedSource {
  std::string name;
  std::string location{};
  std::string user_agent{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string refresh{};  ///< "6h", a cron expression, "manual"; "": as [service] says
};

/// A filter or a rule.
struct ImportedExpression {
  std::string name;
  std::string action{};  ///< "include", "exclude"; "": a rule
  std::string expression{};
};

struct ImportedSort {
  std::string field;
  std::string order{};                  ///< "asc", "desc", "sequence"
  std::vector<std::string> sequence{};  ///< regular expressions
};

struct ImportedProxy {
  std::string name;
  std::vector<std::string> sources{};
  std::vector<std::string> epg_sources{};
  std::vector<std::string> filters{};
  std::vector<std::string> rules{};
  std::optional<std::int64_t> starting_channel_number{};
  std::string numbering{};
  std::vector<ImportedSort> sort{};
  bool use_playlist_guides = false;
};

/// A password that does not belong into the TOML.
struct ImportedSecret {
  std::string what;      ///< whose, for messages
  std::string variable;  ///< of the environment
  std::string file;      ///< a file's name
  std::string value;
};

/// Something of the other program that could not be taken over as it is.
struct ImportNote {
  Where where;
  std::string what;
  std::string why;
};

class Imported {
 public:
  /// `folder` is for the files of passwords; empty: they come from the environment.
  explicit Imported(std::filesystem::path folder = {}) : secrets_folder_(std::move(folder)) {}

  std::vector<ImportedSource> sources{};
  std::vector<ImportedSource> epg_sources{};
  std::vector<ImportedExpression> filters{};
  std::vector<ImportedExpression> rules{};
  std::vector<ImportedProxy> proxies{};
  std::vector<ImportedSecret> secrets{};
  std::vector<ImportNote> notes{};
  std::string listen{};
  std::string public_url{};
  std::string base_path{};
  std::string refresh{};

  void note(const Where& where, std::string what, std::string why);
  /// The kind of thing there was too much of; "" as long as everything had room.
  [[nodiscard]] const std::string& too_many() const { return too_many_; }

  /// Adds it under its name, or under one that is not taken; returns that. There is room for a
  /// thousand of each kind.
  std::string add_source(ImportedSource source);
  std::string add_epg_source(ImportedSource source);
  std::string add_filter(std::string name, std::string action, std::string expression);
  std::string add_rule(std::string name, std::string expression);
  void add_proxy(ImportedProxy proxy);

  /// The address of an Xtream Codes account on `server` (http:// or https://); `parameters` such as
  /// "live&vod". The password goes to `secrets`; one of the form ${env:NAME} stays in NAME.
  std::string account(std::string_view name, std::string_view server, std::string_view user,
                      std::string_view password, std::string_view parameters);

 private:
  std::string secret_parameter(std::string_view name, std::string_view password);
  template <typename Item>
  std::string add_named(std::vector<Item>& list, Item item, const char* kind);

  std::filesystem::path secrets_folder_;
  std::string too_many_;
};

}  // namespace m3u_proxy::importers
