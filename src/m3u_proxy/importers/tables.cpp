#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/tables.hpp>

namespace m3u_proxy::importers {
namespace {

namespace fs = std::filesystem;
using Kind = ConfigNode::Kind;

constexpr std::size_t kMostFiles = 100;

/// "Epg Sources.json" and "epg-sources" are epg_sources.
std::string table_name(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '-' || c == ' ' ? '_' : ascii_lower(c);
  return out;
}

bool is_dump(const ConfigNode& list) {
  return list.kind == Kind::kArray && !list.items.empty() &&
         find(list.items.front(), "model") != nullptr &&
         find(list.items.front(), "fields") != nullptr;
}

}  // namespace

Result<Tables> Tables::read(const fs::path& path) {
  Tables out;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    M3U_TRY(const ConfigNode document, read_json(path));
    if (is_dump(document)) {
      out.add_dump(document);
    } else if (document.kind == Kind::kTable) {
      for (const ConfigMember& member : document.members)
        out.add(table_name(member.name), member.value);
    } else {
      out.add(table_name(path.stem().string()), document);
    }
    return out;
  }
  std::vector<fs::path> files;
  for (auto entry = fs::directory_iterator(path, error);
       !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  if (error)
    return fail(ErrorCode::kIo, fmt::format("cannot read the folder {}", excerpt(path.string())));
  if (files.size() > kMostFiles)
    return fail(ErrorCode::kConfig, fmt::format("more than {} JSON files are there", kMostFiles));
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    M3U_TRY(const ConfigNode document, read_json(file));
    if (is_dump(document))
      out.add_dump(document);
    else
      out.add(table_name(file.stem().string()), document);
  }
  return out;
}

void Tables::add(const std::string& name, const ConfigNode& node) {
  const ConfigNode* const page = find(node, "results");
  const ConfigNode& list = page == nullptr ? node : *page;
  if (list.kind == Kind::kArray) tables_[name] = list.items;
}

void Tables::add_dump(const ConfigNode& list) {
  for (const ConfigNode& row : list.items) {
    const ConfigNode* const fields = find(row, "fields");
    const ConfigNode* const key = find(row, "pk");
    if (fields == nullptr) continue;
    const std::string model = text_of(row, "model");
    ConfigNode copy = *fields;
    if (key != nullptr && find(copy, "id") == nullptr)
      copy.members.push_back({.name = "id", .value = *key});
    tables_[table_name(std::string_view(model).substr(model.rfind('.') + 1))].push_back(
        std::move(copy));
  }
}

const std::vector<ConfigNode>& Tables::rows(std::initializer_list<std::string_view> names) const {
  static const std::vector<ConfigNode> none;
  for (const std::string_view name : names)
    if (const auto found = tables_.find(name); found != tables_.end()) return found->second;
  return none;
}

ConfigNode json_column(const ConfigNode& row, std::string_view column) {
  const ConfigNode* const node = find(row, column);
  if (node == nullptr) return {};
  if (node->kind != Kind::kString) return *node;
  auto parsed = config::parse_json(node->text, column);
  return parsed ? *std::move(parsed) : ConfigNode();
}

}  // namespace m3u_proxy::importers
