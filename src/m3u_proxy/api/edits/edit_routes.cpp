#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/edits/edit_change.hpp>
#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/api/edits/edit_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using Stored = std::optional<store::ChannelEdit>;

constexpr std::uint64_t kBody = std::uint64_t{512} << 10U;
constexpr std::int64_t kMostListed = 500;
/// Edits are looked at in pages of so many, and so many pages for one answer: what is said of one
/// channel may be long, and there may be a million for other proxies.
constexpr std::size_t kLooked = 20;
constexpr int kMostLooks = 1000;
constexpr std::size_t kLongestAnswer = std::size_t{1} << 20U;

class Edits {
 public:
  Edits(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer list(Call& call);
  Answer get(Call& call);
  Answer put(Call& call);
  Answer erase(Call& call);

 private:
  /// The edit that a request is about.
  struct Subject {
    Uuid channel{};
    std::optional<Uuid> proxy{};
    Stored stored{};
  };
  [[nodiscard]] Outcome<Subject> subject_of(const http::Request& request) const;
  struct Page {
    std::optional<Uuid> proxy{};  ///< what holds for this one; nullopt: every edit
    std::optional<Uuid> after{};
    std::size_t items = 0;
    bool more = true;
  };
  Outcome<void> append(Json& json, Page& page, std::size_t most);
  Answer dry_answer(const Call& call, const Subject& subject, edits::ChannelEdit draft);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

Outcome<Edits::Subject> Edits::subject_of(const http::Request& request) const {
  Subject subject;
  M3U_TRY(subject.channel, path_id(request, "channel"));
  M3U_TRY(subject.proxy, scope_of(context_, http::query_value(request.query, "proxy")));
  M3U_TRY(subject.stored, context_.store.edits().find(subject.channel, subject.proxy));
  return subject;
}

Outcome<void> refuse_the_files(const Stored& stored) {
  if (!stored || stored->managed_by != store::ManagedBy::kFile) return {};
  return problem(409, "the channel's edit is managed by the configuration file", "change it there");
}

/// That an edit is still, or still is not, as the client saw it.
Outcome<void> check_seen(const http::Request& request, const Stored& stored) {
  const std::string_view none = trim(request.header("If-None-Match"));
  if (!none.empty()) {
    if (none != "*" || !trim(request.header("If-Match")).empty())
      return problem(400, "If-None-Match must be *, without If-Match",
                     "it says that there is none yet");
    if (stored) return problem(412, "the channel has an edit by now", "read it, and change that");
    return {};
  }
  M3U_TRY(const auto expected, expected_revision(request));
  if (!stored) return problem(412, "the channel has no such edit", "make one: If-None-Match: *");
  if (expected && *expected != stored->revision) return changed_meanwhile();
  return {};
}

http::Response shown(const store::ChannelEdit& edit, int status = 200) {
  http::Response response = json_answer(edit_json(edit), status);
  response.add("ETag", etag_of(edit.revision));
  return response;
}

/// A change that came between is the client's to look at, not a conflict of another kind.
std::unexpected<Problem> not_written(const Error& error) {
  if (error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound)
    return changed_meanwhile();
  return std::unexpected<Problem>(Problem(error));
}

/// Appends some of the edits behind those that were looked at. Of one channel all come together.
Outcome<void> Edits::append(Json& json, Page& page, std::size_t most) {
  const int asked = static_cast<int>(std::min(most, kLooked));
  M3U_TRY(const auto found, context_.store.edits().page(page.after, asked));
  for (const store::ChannelEdit& edit : found) {
    if (page.proxy && edit.proxy && edit.proxy != page.proxy) continue;
    write_edit(json, edit);
    ++page.items;
  }
  page.more = found.size() >= static_cast<std::size_t>(asked);
  if (!found.empty()) page.after = found.back().channel;
  return {};
}

Answer Edits::list(Call& call) {
  const http::Request& request = call.request;
  auto named = http::query_value(request.query, "proxy");
  if (named && *named == "all") named.reset();
  Page page;
  M3U_TRY(page.proxy, scope_of(context_, std::move(named)));
  M3U_TRY(const std::int64_t limit, query_number(request, "limit", 1, kMostListed, 100));
  if (const auto cursor = http::query_value(request.query, "cursor")) {
    const auto id = parse_uuid(*cursor);
    if (!id) return field_problem("cursor", "invalid", "the cursor is none of ours");
    page.after = *id;
  }
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  const auto wanted = static_cast<std::size_t>(limit);
  for (int looks = 0; page.more && page.items < wanted && looks < kMostLooks; ++looks) {
    M3U_CHECK(append(json, page, wanted - page.items));
    if (text.size() > kLongestAnswer) break;
  }
  json.end_array().key("next_cursor");
  if (page.more)
    json.value(std::string_view(to_string(*page.after)));
  else
    json.null();
  json.end_object();
  return json_answer(std::move(text));
}

Answer Edits::get(Call& call) {
  M3U_TRY(const Subject subject, subject_of(call.request));
  if (!subject.stored) return problem(404, "the channel has no such edit");
  return shown(*subject.stored);
}

Answer Edits::dry_answer(const Call& call, const Subject& subject, edits::ChannelEdit draft) {
  DryRun run(context_, *data_, call);
  EditDrafts drafts{.proxy = subject.proxy};
  drafts.edits.push_back(std::move(draft));
  M3U_CHECK(look_at_edits(run, context_, drafts));
  return run.answer();
}

Answer Edits::put(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Subject subject, subject_of(call.request));
  M3U_CHECK(refuse_the_files(subject.stored));
  M3U_CHECK(check_seen(call.request, subject.stored));
  M3U_TRY(const ConfigNode body, json_body(call.request));
  M3U_TRY(edits::ChannelEdit edit, read_edit(body, subject.channel));
  if (says_nothing(edit))
    return problem(422, "the edit says nothing of the channel", "DELETE takes an edit back");
  if (is_dry) return dry_answer(call, subject, std::move(edit));
  store::ChannelEdit next = records::to_stored(edit, subject.proxy);
  next.revision = subject.stored ? subject.stored->revision : 0;
  const auto made = context_.store.edits().put(next, context_.clock());
  if (!made) return not_written(made.error());
  tell_of_edits(context_, *data_);
  M3U_CHECK(record(context_, call,
                   {.action = subject.stored ? "edits.change" : "edits.create",
                    .target = to_string(subject.channel),
                    .before = edit_json(subject.stored),
                    .after = edit_json(*made)}));
  return shown(*made, subject.stored ? 200 : 201);
}

Answer Edits::erase(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Subject subject, subject_of(call.request));
  if (!subject.stored) return problem(404, "the channel has no such edit");
  M3U_CHECK(refuse_the_files(subject.stored));
  M3U_CHECK(check_revision(call.request, subject.stored->revision));
  if (is_dry) return dry_answer(call, subject, {.channel = subject.channel});
  if (const auto done =
          context_.store.edits().erase(subject.channel, subject.proxy, subject.stored->revision);
      !done)
    return not_written(done.error());
  tell_of_edits(context_, *data_);
  M3U_CHECK(record(context_, call,
                   {.action = "edits.remove",
                    .target = to_string(subject.channel),
                    .before = edit_json(subject.stored)}));
  return http::empty_response();
}

}  // namespace

Result<> add_edit_routes(Operations& operations, const ApiContext& context,
                         const std::shared_ptr<PublishedData>& data) {
  const auto edits = std::make_shared<Edits>(context, data);
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/edits", {.id = "listEdits"},
                           [edits](Call& call) { return edits->list(call); }));
  M3U_CHECK(operations.add(kGet, "/edits/{channel}", {.id = "getEdit"},
                           [edits](Call& call) { return edits->get(call); }));
  M3U_CHECK(operations.add(
      kPut, "/edits/{channel}",
      {.id = "putEdit", .least = Role::kEditor, .body_limit = kBody, .has_dry_run = true},
      [edits](Call& call) { return edits->put(call); }));
  return operations.add(kDelete, "/edits/{channel}",
                        {.id = "removeEdit", .least = Role::kEditor, .has_dry_run = true},
                        [edits](Call& call) { return edits->erase(call); });
}

}  // namespace m3u_proxy::api
