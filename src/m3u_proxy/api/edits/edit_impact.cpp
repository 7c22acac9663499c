#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using edits::ChannelEdit;

/// A preview has them a second time.
constexpr std::size_t kCopies = 2;

/// Of `all` edits those before the one that is number `fitting` fitted into what memory is free.
std::unexpected<Problem> too_long_together(std::size_t all, std::size_t fitting) {
  return problem(
      413,
      fmt::format("trying {} edits at once takes more memory than is free, with what was "
                  "decided about the same channels before",
                  all),
      fmt::format("try at most {} channels at once; the change itself does not take this "
                  "memory",
                  std::max<std::size_t>(fitting / 2, 1)));
}

/// What holds for a proxy once the drafts do: what is said for it goes before what is said for all.
/// `room` is for the edits, which may be longer than the drafts.
Outcome<std::vector<ChannelEdit>> edits_for(const ApiContext& context, const EditDrafts& drafts,
                                            const Uuid& proxy, memory::Reservation& room) {
  auto& stored = context.store.edits();
  std::vector<ChannelEdit> all;
  all.reserve(drafts.edits.size());
  for (const ChannelEdit& draft : drafts.edits) {
    ChannelEdit edit{.channel = draft.channel};
    M3U_TRY(const auto other,
            stored.find(draft.channel, drafts.proxy ? std::nullopt : std::optional(proxy)));
    const ChannelEdit kept = other ? records::to_edit(*other) : edit;
    merge(edit, drafts.proxy ? kept : draft);
    merge(edit, drafts.proxy ? draft : kept);
    auto more =
        context.process.budget().reserve(memory::Tag::kHttp, Bytes{kCopies * size_of(edit).count});
    if (!more) return too_long_together(drafts.edits.size(), all.size());
    room.absorb(*std::move(more));
    all.push_back(std::move(edit));
  }
  return all;
}

}  // namespace

Bytes size_of(const ChannelEdit& edit) {
  std::size_t bytes = sizeof(ChannelEdit);
  for (const edits::TextField& field : edits::kTextFields)
    if (const auto& text = edit.*field.value) bytes += text->size();
  return Bytes{bytes};
}

Outcome<void> look_at_edits(DryRun& run, const ApiContext& context, const EditDrafts& drafts) {
  const auto model = context.conductor.model();
  if (!model) return {};
  for (const jobs::ProxyEntry& proxy : model->proxies) {
    if (drafts.proxy && *drafts.proxy != proxy.id) continue;
    memory::Reservation room;
    M3U_TRY(auto edits, edits_for(context, drafts, proxy.id, room));
    M3U_CHECK(run.look(*model, proxy, {.edits = std::move(edits)}));
  }
  return {};
}

Outcome<std::optional<Uuid>> scope_of(const ApiContext& context, std::optional<std::string> text) {
  if (!text) return std::nullopt;
  const auto id = parse_uuid(*text);
  if (!id) return field_problem("proxy", "invalid", "proxy is no id");
  const auto model = context.conductor.model();
  if (!model || model->find_proxy(*id) == nullptr)
    return problem(404, "there is no proxy of this id");
  return std::optional(*id);
}

void tell_of_edits(const ApiContext& context, PublishedData& data) {
  context.generator.edits_changed();
  data.forget_edits();
}

}  // namespace m3u_proxy::api
