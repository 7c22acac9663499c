// What was imported as the text of a configuration file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/importers/imported.hpp>

namespace m3u_proxy::importers {

enum class ImportedKind : std::uint8_t { kSource, kEpgSource, kFilter, kRule, kProxy, kOther };

/// A piece of the text and what it is of.
struct TomlPiece {
  std::uint64_t first_line = 0;  ///< from 1
  ImportedKind kind = ImportedKind::kOther;
  std::string name{};
};

struct TomlText {
  std::string text;
  std::vector<TomlPiece> pieces;  ///< in their order
};

/// `origin` is in the first line.
TomlText toml_of(const Imported& imported, std::string_view origin);

}  // namespace m3u_proxy::importers
