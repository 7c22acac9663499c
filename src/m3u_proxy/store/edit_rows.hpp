// Edit rows: reading and writing single rows of `channel_edits`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/store/channel_edits.hpp>

namespace m3u_proxy::store::sql {

/// What edit_of() reads, for a SELECT.
inline constexpr std::string_view kEditColumns =
    "channel_id, proxy_id, number, name, group_title, logo, guide_id, hidden, place,"
    " place_channel_id, revision, created, updated, last_seen, misses, missing_since, managed_by";
ChannelEdit edit_of(Columns& columns);
/// How a row says for which proxy it is; "": for all.
std::string key_of(const std::optional<Uuid>& proxy);

Result<std::optional<ChannelEdit>> find_edit(Connection& connection, const Uuid& channel,
                                             const std::optional<Uuid>& proxy);
/// Writes all of it, over one of the same channel and proxy.
Result<> write_edit(Connection& connection, const ChannelEdit& edit);
Result<> delete_edit(Connection& connection, const Uuid& channel, const std::optional<Uuid>& proxy);
/// Writes an edit that a person makes in the place of what is stored.
Result<ChannelEdit> replace_edit(Connection& connection, const std::optional<ChannelEdit>& stored,
                                 const ChannelEdit& edit, Time now);

/// Whether two edits change a channel alike.
bool says_the_same(const ChannelEdit& a, const ChannelEdit& b);
/// kConflict: what the configuration file manages is changed there.
Error is_the_files(const ChannelEdit& edit);

/// Edits that are changed together, one after the other: what they become, and what they have to
/// pass. For the change itself, and for who only asks what it would be.
class EditsTogether {
 public:
  /// Both outlive this.
  EditsTogether(const std::optional<Uuid>& proxy, const ChannelEdits::Change& change)
      : proxy_(proxy), change_(change) {}
  /// The edit of the next channel. Errors: as ChannelEdits::change().
  Result<ChannelEdit> next(const Uuid& channel, const std::optional<ChannelEdit>& stored);

 private:
  const std::optional<Uuid>& proxy_;
  const ChannelEdits::Change& change_;
  std::size_t index_ = 0;
  std::size_t text_ = 0;  ///< bytes, before and after
};

}  // namespace m3u_proxy::store::sql
