#include <algorithm>
#include <array>
#include <utility>

#include <m3u_proxy/api/lineup/guide_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using snapshots::GuideChannelView;

constexpr std::int64_t kMostListed = 200;
constexpr std::size_t kLongestSearch = 200;
/// How long a first question waits for its guides to be read.
constexpr std::chrono::milliseconds kPatience{1000};

template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool has_line(std::string_view text, std::string_view wanted) {
  bool has = false;
  for_each_line(text, [&](std::string_view line) { has = has || line == wanted; });
  return has;
}

std::string first_name(const GuideChannelView& view) {
  if (view.names.empty()) return std::string(view.id);
  return std::string(view.names.substr(0, view.names.find('\n')));
}

void write_channel(Json& json, const GuideChannelView& view, std::string_view source) {
  json.begin_object().member("id", view.id).key("names").begin_array();
  for_each_line(view.names, [&](std::string_view name) { json.value(name); });
  json.end_array()
      .member("source", source)
      .member("programmes", std::uint64_t{view.programmes})
      .end_object();
}

Answer list(GuideCatalog& catalog, Call& call) {
  M3U_TRY(const Uuid proxy, path_id(call.request));
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMostListed, 50));
  const std::string q = http::query_value(call.request.query, "q").value_or("");
  if (q.size() > kLongestSearch) return field_problem("q", "too_long", "q has more than 200 bytes");
  M3U_TRY(const auto guides, catalog.of(proxy, {.time = kPatience}, call.gone));
  const std::string wanted = folded(trim(q));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  std::int64_t items = 0;
  bool more = false;
  for (const GuideCatalog::Guide& guide : guides.all) {
    M3U_CHECK(guide.channels->for_each([&](const GuideChannelView& view) {
      if (!contains_bytes(view.folded_id, wanted) && !contains_bytes(view.folded_names, wanted))
        return true;
      more = items == limit;
      if (more) return false;
      write_channel(json, view, guide.source);
      ++items;
      return true;
    }));
    if (more) break;
  }
  json.end_array()
      .member("more", more)
      .member("is_whole", guides.is_whole)
      .key("next_cursor")
      .null()
      .end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<std::vector<GuideCandidate>> find_candidates(const GuideCatalog::Guides& guides,
                                                    std::string_view guide_id,
                                                    std::string_view name, std::size_t most) {
  constexpr std::array<std::string_view, 3> kHow = {"id", "case", "name"};
  std::array<std::vector<GuideCandidate>, kHow.size()> found;
  const std::string folded_id = folded(guide_id);
  std::string key;
  fold_name(trim(name), key);
  for (const GuideCatalog::Guide& guide : guides.all)
    M3U_CHECK(guide.channels->for_each([&](const GuideChannelView& view) {
      std::size_t how = kHow.size();
      if (!guide_id.empty() && view.folded_id == folded_id)
        how = view.id == guide_id ? 0 : 1;
      else if (!key.empty() && has_line(view.name_keys, key))
        how = 2;
      if (how < kHow.size() && found.at(how).size() < most)
        found.at(how).push_back({.id = std::string(view.id),
                                 .name = first_name(view),
                                 .source = guide.source,
                                 .how = kHow.at(how)});
      return true;
    }));
  std::vector<GuideCandidate> all;
  for (auto& some : found)
    for (GuideCandidate& one : some)
      if (all.size() < most) all.push_back(std::move(one));
  return all;
}

Result<> add_guide_routes(Operations& operations, const std::shared_ptr<GuideCatalog>& catalog) {
  return operations.add(http::Method::kGet, "/proxies/{id}/guide-channels",
                        {.id = "listGuideChannels", .pace = Pace::kSlow},
                        [catalog](Call& call) { return list(*catalog, call); });
}

}  // namespace m3u_proxy::api
