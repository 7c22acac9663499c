#include <algorithm>
#include <functional>
#include <utility>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/request_body.hpp>

namespace m3u_proxy::api {

DryRun::DryRun(const ApiContext& context, PublishedData& data, const Call& call)
    : context_(context),
      data_(data),
      call_(call),
      began_(std::chrono::steady_clock::now()),
      deadline_(began_ + kMostTime) {}

Outcome<std::uint64_t> DryRun::channels_of(const Uuid& proxy) {
  const auto current = data_.current(proxy);
  if (current) return (*current)->lineup.lineup->rows();
  if (current.error().status == 404 || current.error().status == 503) return 0;
  return std::unexpected<Problem>(current.error());
}

Outcome<void> DryRun::look(const jobs::Model& model, const jobs::ProxyEntry& proxy,
                           PreviewOptions options, std::string_view note) {
  const Place place{.id = proxy.id, .name = proxy.config.name.name};
  if (is_late()) return keep(place);
  const std::function<bool()> ends = [this] {
    return is_late() || call_.gone() || call_.stopping.cancelled();
  };
  options.limit = kMostSamples;
  options.role = call_.principal.role;
  auto preview = preview_proxy(context_, data_, model, proxy, options, ends);
  if (!preview) {
    if (is_late() && !call_.gone()) return keep(place);
    // Its sources have not been fetched yet.
    if (preview.error().status == 404) return mention(place.id, place.name, preview.error().detail);
    return std::unexpected<Problem>(std::move(preview).error());
  }
  return keep({.proxy = place, .preview = *std::move(preview), .note = std::string(note)});
}

Outcome<void> DryRun::serve(const Uuid& proxy, std::string_view name, std::int64_t generation) {
  M3U_TRY(const auto after, data_.open(proxy, generation));
  M3U_TRY(ProxyPreview preview,
          compare_with_served(context_, data_, *after,
                              {.limit = kMostSamples, .role = call_.principal.role}));
  return keep({.proxy = {.id = proxy, .name = std::string(name)}, .preview = std::move(preview)});
}

Outcome<void> DryRun::reserve(std::size_t bytes) {
  constexpr std::size_t kFixed = 512;  // of the answer, for a proxy
  constexpr std::size_t kCopies = 2;
  M3U_TRY(auto more,
          context_.process.budget().reserve(memory::Tag::kHttp, Bytes{kFixed + kCopies * bytes}));
  room_.absorb(std::move(more));
  return {};
}

Outcome<void> DryRun::keep(Impact impact) {
  M3U_CHECK(reserve(sizeof(Impact) + impact.proxy.name.size() + impact.preview.items.size() +
                    impact.note.size()));
  impacts_.push_back(std::move(impact));
  return {};
}

Outcome<void> DryRun::keep(Place not_looked_at) {
  M3U_CHECK(reserve(sizeof(Place) + not_looked_at.name.size()));
  not_looked_at_.push_back(std::move(not_looked_at));
  return {};
}

Outcome<void> DryRun::remove(const Uuid& proxy, std::string_view name) {
  M3U_TRY(const std::uint64_t channels, channels_of(proxy));
  return keep({.proxy = {.id = proxy, .name = std::string(name)},
               .preview = {.before = channels, .removed = channels, .items = "[]"}});
}

Outcome<void> DryRun::mention(const Uuid& proxy, std::string_view name, std::string_view note) {
  M3U_TRY(const std::uint64_t channels, channels_of(proxy));
  return keep({.proxy = {.id = proxy, .name = std::string(name)},
               .preview = {.before = channels, .channels = channels, .items = "[]"},
               .note = std::string(note)});
}

void DryRun::write(Json& json) const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  const bool exact = not_looked_at_.empty() && std::ranges::all_of(impacts_, [](const auto& one) {
                       return one.note.empty();
                     });
  json.member("dry_run", true).member("exact", exact).member("seconds", took.count());
  json.key("proxies").begin_array();
  for (const Impact& one : impacts_) {
    json.begin_object();
    id_member(json, "id", one.proxy.id);
    json.member("name", std::string_view(one.proxy.name))
        .member("channels_before", one.preview.before)
        .member("channels_after", one.preview.channels)
        .member("added", one.preview.added)
        .member("removed", one.preview.removed)
        .member("changed", one.preview.changed)
        .member("exact", one.note.empty());
    if (!one.note.empty()) json.member("note", std::string_view(one.note));
    json.key("samples").raw(one.preview.items).end_object();
  }
  json.end_array().key("not_looked_at").begin_array();
  for (const Place& place : not_looked_at_) {
    json.begin_object();
    id_member(json, "id", place.id);
    json.member("name", std::string_view(place.name)).end_object();
  }
  json.end_array();
}

http::Response DryRun::answer() const {
  std::string text;
  Json json(text);
  json.begin_object();
  write(json);
  json.end_object();
  return json_answer(std::move(text));
}

void write_no_proxies(Json& json) {
  json.member("dry_run", true).member("exact", true).member("seconds", 0);
  json.key("proxies").raw("[]").key("not_looked_at").raw("[]");
}

Outcome<bool> is_dry_run(const http::Request& request) { return query_flag(request, "dry_run"); }

}  // namespace m3u_proxy::api
