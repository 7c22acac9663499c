#include <algorithm>
#include <string>
#include <utility>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/edits/edit_change.hpp>
#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/records/stored_edits.hpp>
#include <m3u_proxy/store/edit_rows.hpp>

namespace m3u_proxy::api {
namespace {

/// Before and after of the edits, and the answer.
constexpr Bytes kRoom{4 * store::ChannelEdits::kMostText};
/// The edits as they would be, and how they are stored meanwhile.
constexpr Bytes kDraftRoom{store::ChannelEdits::kMostText +
                           kMostEdits * (sizeof(edits::ChannelEdit) + sizeof(store::ChannelEdit))};

/// Of the edits that one entry of the audit log has, which keeps no more.
constexpr std::size_t kPiece = 60'000;

void write_changed(Json& json, const std::vector<store::ChannelEdits::Changed>& all) {
  json.key("items").begin_array();
  for (const auto& [before, after] : all) {
    json.begin_object();
    id_member(json, "channel", after.channel);
    json.member("revision", after.revision).key("before");
    if (before)
      write_edit(json, *before);
    else
      json.null();
    json.end_object();
  }
  json.end_array();
}

store::ChannelEdits::Change change_of(const EditChange& change) {
  return [&change](std::size_t index, store::ChannelEdit& stored) -> Result<> {
    edits::ChannelEdit edit = records::to_edit(stored);
    M3U_CHECK(change.make(index, stored.revision, edit));
    stored = records::to_stored(edit, change.proxy);
    return {};
  };
}

Answer try_out(const ApiContext& context, PublishedData& data, const Call& call,
               const EditChange& change) {
  M3U_TRY(const auto room, context.process.budget().reserve(memory::Tag::kHttp, kDraftRoom));
  EditDrafts drafts{.proxy = change.proxy};
  const auto make = change_of(change);
  store::sql::EditsTogether together(change.proxy, make);
  for (const Uuid& channel : change.channels) {
    M3U_TRY(const auto stored, context.store.edits().find(channel, change.proxy));
    M3U_TRY(const store::ChannelEdit edit, together.next(channel, stored));
    drafts.edits.push_back(records::to_edit(edit));
  }
  DryRun run(context, data, call);
  if (!drafts.edits.empty()) M3U_CHECK(look_at_edits(run, context, drafts));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  json.member("channels", change.channels.size()).member("made", "edits").key("rule").null();
  json.end_object();
  return json_answer(std::move(text));
}

/// Before and after of what was changed, in as many entries as it takes.
Result<> record_changed(const ApiContext& context, const Call& call, const EditChange& change,
                        const std::vector<store::ChannelEdits::Changed>& all) {
  std::string before;
  std::string after;
  const auto write = [&]() -> Result<> {
    if (before.empty()) return {};
    return record(context, call,
                  {.action = change.action,
                   .target = change.proxy ? to_string(*change.proxy) : std::string(),
                   .before = std::exchange(before, {}) + "]",
                   .after = std::exchange(after, {}) + "]"});
  };
  const auto add = [](std::string& list, const std::string& edit) {
    list += list.empty() ? "[" : ",";
    list += edit.empty() ? "null" : edit;
  };
  for (const auto& [was, is] : all) {
    const std::string old_edit = edit_json(was);
    const std::string new_edit = is.revision == 0 ? std::string() : edit_json(is);
    if (std::max(before.size() + old_edit.size(), after.size() + new_edit.size()) > kPiece)
      M3U_CHECK(write());
    add(before, old_edit);
    add(after, new_edit);
  }
  return write();
}

}  // namespace

std::unexpected<Problem> changed_meanwhile() {
  return problem(412, "it was changed by somebody else in the meantime",
                 "read it again, and make your change to what is there now");
}

Answer change_edits(const ApiContext& context, PublishedData& data, const Call& call,
                    const EditChange& change) {
  if (change.is_dry) return try_out(context, data, call, change);
  M3U_TRY(const auto room, context.process.budget().reserve(memory::Tag::kHttp, kRoom));
  M3U_TRY(const auto all, context.store.edits().change(change.channels, change.proxy,
                                                       change_of(change), context.clock()));
  tell_of_edits(context, data);
  std::string text;
  Json json(text);
  json.begin_object().member("dry_run", false).member("channels", all.size());
  json.member("made", "edits").key("rule").null();
  write_changed(json, all);
  json.end_object();
  M3U_CHECK(record_changed(context, call, change, all));
  return json_answer(std::move(text));
}

}  // namespace m3u_proxy::api
