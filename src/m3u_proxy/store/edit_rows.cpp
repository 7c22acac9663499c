#include <array>
#include <tuple>

#include <fmt/format.h>

#include <m3u_proxy/store/edit_rows.hpp>

namespace m3u_proxy::store::sql {
namespace {

constexpr std::array<std::string_view, 3> kPlaces = {"", "before", "after"};

/// Bytes.
std::size_t text_of(const ChannelEdit& edit) {
  std::size_t bytes = 0;
  for (const auto* const text : {&edit.number, &edit.name, &edit.group, &edit.logo, &edit.guide_id})
    if (*text) bytes += (*text)->size();
  return bytes;
}

}  // namespace

std::string key_of(const std::optional<Uuid>& proxy) { return proxy ? to_string(*proxy) : ""; }

ChannelEdit edit_of(Columns& columns) {
  ChannelEdit edit;
  edit.channel = columns.uuid();
  if (const auto proxy = parse_uuid(columns.view())) edit.proxy = *proxy;
  edit.number = columns.optional_text();
  edit.name = columns.optional_text();
  edit.group = columns.optional_text();
  edit.logo = columns.optional_text();
  edit.guide_id = columns.optional_text();
  edit.hidden = columns.optional_boolean();
  const std::string_view place = columns.view();
  if (place == kPlaces[1]) edit.place = EditPlace::kBefore;
  if (place == kPlaces[2]) edit.place = EditPlace::kAfter;
  edit.place_channel = columns.uuid();
  edit.revision = columns.integer();
  edit.created = columns.time();
  edit.updated = columns.time();
  edit.last_seen = columns.time();
  edit.misses = columns.integer();
  edit.missing_since = columns.time();
  edit.managed_by =
      columns.view() == to_string(ManagedBy::kFile) ? ManagedBy::kFile : ManagedBy::kUser;
  return edit;
}

Result<std::optional<ChannelEdit>> find_edit(Connection& connection, const Uuid& channel,
                                             const std::optional<Uuid>& proxy) {
  return query_one(
      connection,
      fmt::format("SELECT {} FROM channel_edits WHERE channel_id = $1 AND proxy_id = $2",
                  kEditColumns),
      {channel, key_of(proxy)}, edit_of);
}

Error is_the_files(const ChannelEdit& edit) {
  return {.code = ErrorCode::kConflict,
          .message = fmt::format("the edit of the channel {} is managed by the configuration file",
                                 to_string(edit.channel)),
          .hint = "change it there"};
}

Result<> write_edit(Connection& connection, const ChannelEdit& edit) {
  static const std::string statement = fmt::format(
      "INSERT INTO channel_edits ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
      " $13, $14, $15, $16, $17) ON CONFLICT (channel_id, proxy_id) DO UPDATE SET"
      " number = excluded.number, name = excluded.name, group_title = excluded.group_title,"
      " logo = excluded.logo, guide_id = excluded.guide_id, hidden = excluded.hidden,"
      " place = excluded.place, place_channel_id = excluded.place_channel_id,"
      " revision = excluded.revision, updated = excluded.updated,"
      " managed_by = excluded.managed_by",
      kEditColumns);
  const auto rows =
      execute(connection, statement,
              {edit.channel, key_of(edit.proxy), edit.number, edit.name, edit.group, edit.logo,
               edit.guide_id, edit.hidden, kPlaces.at(static_cast<std::size_t>(edit.place)),
               edit.place_channel, edit.revision, edit.created, edit.updated, edit.last_seen,
               edit.misses, edit.missing_since, to_string(edit.managed_by)});
  return rows ? Result<>() : fail(rows.error());
}

Result<ChannelEdit> replace_edit(Connection& connection, const std::optional<ChannelEdit>& stored,
                                 const ChannelEdit& edit, Time now) {
  ChannelEdit next = edit;
  next.revision = (stored ? stored->revision : 0) + 1;
  next.created = stored ? stored->created : now;
  next.updated = now;
  next.last_seen = stored ? stored->last_seen : now;
  next.misses = stored ? stored->misses : 0;
  next.missing_since = stored ? stored->missing_since : Time();
  next.managed_by = ManagedBy::kUser;
  M3U_CHECK(write_edit(connection, next));
  return next;
}

Result<> delete_edit(Connection& connection, const Uuid& channel,
                     const std::optional<Uuid>& proxy) {
  M3U_CHECK(execute(connection, "DELETE FROM channel_edits WHERE channel_id = $1 AND proxy_id = $2",
                    {channel, key_of(proxy)}));
  return {};
}

bool says_the_same(const ChannelEdit& a, const ChannelEdit& b) {
  const auto said = [](const ChannelEdit& edit) {
    return std::tie(edit.number, edit.name, edit.group, edit.logo, edit.guide_id, edit.hidden,
                    edit.place, edit.place_channel);
  };
  return said(a) == said(b);
}

Result<ChannelEdit> EditsTogether::next(const Uuid& channel,
                                        const std::optional<ChannelEdit>& stored) {
  if (stored && stored->managed_by == ManagedBy::kFile) return fail(is_the_files(*stored));
  ChannelEdit edit = stored.value_or(ChannelEdit{.channel = channel, .proxy = proxy_});
  M3U_CHECK(change_(index_++, edit));
  text_ += text_of(edit) + (stored ? text_of(*stored) : 0);
  if (text_ > ChannelEdits::kMostText)
    return fail(ErrorCode::kInvalidArgument, "these edits are too long to be changed together",
                "change fewer at once");
  return edit;
}

}  // namespace m3u_proxy::store::sql
