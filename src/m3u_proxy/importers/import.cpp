#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/importers/import.hpp>
#include <m3u_proxy/importers/programs.hpp>
#include <m3u_proxy/importers/toml_text.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::string_view kFile = "the new configuration";

Result<> read_program(OtherProgram program, const std::filesystem::path& path, Imported& out) {
  switch (program) {
    case OtherProgram::kTuliprox:
      return read_tuliprox(path, out);
    case OtherProgram::kThreadfin:
      return read_xteve(path, "Threadfin", out);
    case OtherProgram::kXteve:
      return read_xteve(path, "xTeVe", out);
    case OtherProgram::kDispatcharr:
      return read_dispatcharr(path, out);
    case OtherProgram::kM3uEditor:
      return read_m3u_editor(path, out);
  }
  return {};
}

template <typename Item>
void remove_named(std::vector<Item>& list, const std::string& name) {
  std::erase_if(list, [&](const Item& item) { return item.name == name; });
}

/// Takes one piece out again, and every mention of it. False: it is none that can go.
bool take_out(Imported& imported, const TomlPiece& piece) {
  const auto forget = [&](std::vector<std::string> ImportedProxy::* list) {
    for (ImportedProxy& proxy : imported.proxies) std::erase(proxy.*list, piece.name);
  };
  switch (piece.kind) {
    case ImportedKind::kSource:
      remove_named(imported.sources, piece.name);
      forget(&ImportedProxy::sources);
      break;
    case ImportedKind::kEpgSource:
      remove_named(imported.epg_sources, piece.name);
      forget(&ImportedProxy::epg_sources);
      break;
    case ImportedKind::kFilter:
      remove_named(imported.filters, piece.name);
      forget(&ImportedProxy::filters);
      break;
    case ImportedKind::kRule:
      remove_named(imported.rules, piece.name);
      forget(&ImportedProxy::rules);
      break;
    case ImportedKind::kProxy:
    case ImportedKind::kOther:
      return false;
  }
  return true;
}

/// The problems of the text; those of pieces that can go take these out, with a note.
Result<bool> is_right(const TomlText& toml, Imported& imported) {
  const config::ConfigDocument document{
      .text = toml.text, .file = std::string(kFile), .folder = {}};
  const auto loaded = config::load_configuration(document, {}, {});
  if (loaded.problems.empty()) return true;
  bool changed = false;
  std::vector<const TomlPiece*> gone;
  for (const config::ConfigProblem& problem : loaded.problems) {
    const TomlPiece* piece = nullptr;
    for (const TomlPiece& candidate : toml.pieces)
      if (candidate.first_line <= problem.error.where.line) piece = &candidate;
    if (piece == nullptr || std::ranges::find(gone, piece) != gone.end()) continue;
    gone.push_back(piece);
    if (!take_out(imported, *piece)) continue;
    changed = true;
    imported.note({}, piece->name,
                  fmt::format("left out, it cannot be written here: {}", problem.error.message));
  }
  if (changed) return false;
  const config::ConfigProblem& first = loaded.problems.front();
  return fail(ErrorCode::kConfig,
              fmt::format("what was read does not make a configuration: {}", first.error.message));
}

std::unexpected<Error> nothing_there(const std::filesystem::path& path, std::string_view name) {
  return fail(ErrorCode::kConfig, "there is no playlist in it that can be taken over",
              fmt::format("check that {} is what {} keeps", excerpt(path.string()), name));
}

}  // namespace

const std::vector<ProgramInfo>& other_programs() {
  static const std::vector<ProgramInfo> programs = {
      {"tuliprox", OtherProgram::kTuliprox,
       "folder with source.yml, and config.yml, mapping.yml, template.yml, api-proxy.yml", "3.3"},
      {"threadfin", OtherProgram::kThreadfin, "folder with settings.json, and xepg.json, urls.json",
       "1.2"},
      {"xteve", OtherProgram::kXteve, "folder with settings.json, and xepg.json, urls.json", "2.2"},
      {"dispatcharr", OtherProgram::kDispatcharr,
       "folder with answers of its API, or the database.json of a backup", "0.20"},
      {"m3u-editor", OtherProgram::kM3uEditor, "JSON file with the rows of its tables", "0.9"},
  };
  return programs;
}

Result<ImportResult> import_configuration(OtherProgram program, const std::filesystem::path& path,
                                          const std::filesystem::path& secrets) {
  Imported imported(secrets);
  M3U_CHECK(read_program(program, path, imported));
  if (!imported.too_many().empty())
    return fail(ErrorCode::kConfig,
                fmt::format("there are more than a thousand {}", imported.too_many()),
                "split the configuration up");
  const std::string_view name = other_programs()[static_cast<std::size_t>(program)].name;
  for (;;) {
    if (imported.sources.empty()) return nothing_there(path, name);
    std::erase_if(imported.proxies,
                  [](const ImportedProxy& proxy) { return proxy.sources.empty(); });
    TomlText toml = toml_of(imported, name);
    M3U_TRY(const bool right, is_right(toml, imported));
    if (right)
      return ImportResult{.toml = std::move(toml.text),
                          .notes = std::move(imported.notes),
                          .secrets = std::move(imported.secrets)};
  }
}

std::string to_string(const ImportNote& note) {
  return to_string(
      Error{.message = fmt::format("{}: {}", note.what, note.why), .where = note.where});
}

}  // namespace m3u_proxy::importers
