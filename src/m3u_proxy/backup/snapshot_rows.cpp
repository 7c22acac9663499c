#include <m3u_proxy/backup/snapshot_rows.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::backup {
namespace {

using Kind = ConfigNode::Kind;

/// The members of an object, by kind; what is missing or of another kind is remembered.
class Members {
 public:
  explicit Members(const ConfigNode& table) : table_(table) {}

  std::string text(std::string_view name) {
    const ConfigNode* const value = find(name, Kind::kString);
    return value == nullptr ? "" : value->text;
  }
  std::int64_t integer(std::string_view name) {
    const ConfigNode* const value = find(name, Kind::kInteger);
    return value == nullptr ? 0 : value->integer;
  }
  std::uint64_t count(std::string_view name) { return static_cast<std::uint64_t>(integer(name)); }
  store::Time time(std::string_view name) { return store::Time(store::Duration(integer(name))); }
  bool flag(std::string_view name) {
    const ConfigNode* const value = find(name, Kind::kBoolean);
    return value != nullptr && value->boolean;
  }
  const std::vector<ConfigNode>& list(std::string_view name) {
    static const std::vector<ConfigNode> kNone;
    const ConfigNode* const value = find(name, Kind::kArray);
    return value == nullptr ? kNone : value->items;
  }
  [[nodiscard]] Result<> checked() const {
    if (wrong_.empty()) return {};
    return fail(ErrorCode::kParse, "a snapshot's row in the archive has no right " + wrong_);
  }

 private:
  const ConfigNode* find(std::string_view name, Kind kind) {
    const ConfigMember* const member = table_.find(name);
    if (member != nullptr && member->value.kind == kind) return &member->value;
    wrong_ = name;
    return nullptr;
  }

  const ConfigNode& table_;
  std::string wrong_;
};

}  // namespace

std::string to_json(const store::SourceSnapshot& row) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("bytes", row.bytes)
      .member("items", row.items)
      .member("etag", std::string_view(row.etag))
      .member("last_modified", std::string_view(row.last_modified))
      .member("content_hash", std::string_view(row.content_hash))
      .member("channel_set_hash", std::string_view(row.channel_set_hash))
      .member("fetched", row.fetched.time_since_epoch().count())
      .member("confirmed", row.confirmed.time_since_epoch().count())
      .end_object();
  return text;
}

Result<store::SourceSnapshot> parse_source_row(std::string_view json) {
  M3U_TRY(const ConfigNode table, config::parse_json(json, "row.json"));
  Members members(table);
  store::SourceSnapshot row;
  row.bytes = members.count("bytes");
  row.items = members.count("items");
  row.etag = members.text("etag");
  row.last_modified = members.text("last_modified");
  row.content_hash = members.text("content_hash");
  row.channel_set_hash = members.text("channel_set_hash");
  row.fetched = members.time("fetched");
  row.confirmed = members.time("confirmed");
  M3U_CHECK(members.checked());
  return row;
}

std::string to_json(const PublishedRow& row) {
  const store::GenerationRow& generation = row.generation;
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("held", row.held)
      .member("created", generation.created.time_since_epoch().count())
      .member("settings_revision", generation.settings_revision)
      .member("channels", generation.channels)
      .member("programmes", generation.programmes)
      .member("added", generation.added)
      .member("removed", generation.removed)
      .member("changed", generation.changed)
      .key("files")
      .begin_array();
  for (const store::GenerationFile& file : generation.files)
    json.begin_object()
        .member("name", std::string_view(file.name))
        .member("bytes", file.bytes)
        .member("content_hash", std::string_view(file.content_hash))
        .end_object();
  json.end_array().end_object();
  return text;
}

Result<PublishedRow> parse_published_row(std::string_view json) {
  M3U_TRY(const ConfigNode table, config::parse_json(json, "row.json"));
  Members members(table);
  PublishedRow row;
  row.held = members.flag("held");
  row.generation.created = members.time("created");
  row.generation.settings_revision = members.integer("settings_revision");
  row.generation.channels = members.count("channels");
  row.generation.programmes = members.count("programmes");
  row.generation.added = members.count("added");
  row.generation.removed = members.count("removed");
  row.generation.changed = members.count("changed");
  for (const ConfigNode& item : members.list("files")) {
    Members file(item);
    row.generation.files.push_back({.name = file.text("name"),
                                    .bytes = file.count("bytes"),
                                    .content_hash = file.text("content_hash")});
    M3U_CHECK(file.checked());
  }
  M3U_CHECK(members.checked());
  return row;
}

}  // namespace m3u_proxy::backup
