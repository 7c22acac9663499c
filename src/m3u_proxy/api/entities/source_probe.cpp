#include <algorithm>
#include <map>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/source_probe.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/jobs/inspection.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::size_t kRows = 1000;
constexpr std::size_t kMostGroups = 2000;  ///< counted; those that come later are not
constexpr std::size_t kShownGroups = 200;
constexpr std::size_t kLongestGroup = 200;
/// What is downloaded at most to be looked at: a longer playlist is as its beginning is, of a guide
/// a beginning says nothing.
constexpr std::uint64_t kMostOfPlaylist = std::uint64_t{256} << 20U;
constexpr std::uint64_t kMostOfGuide = std::uint64_t{4} << 30U;

struct Found {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, std::uint64_t, std::less<>> groups{};
  std::vector<std::string> guides{};
  ProblemLog problems{};
  std::optional<channels::AccountStats> account{};
  std::optional<Error> error{};
  bool was_cut = false;  ///< more would have come
};

void count_groups(const catalog::ChannelBatch& batch, Found& found) {
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view group = batch.text(catalog::ChannelField::kGroupTitle, row);
    const auto known = found.groups.find(group);
    if (known != found.groups.end())
      ++known->second;
    else if (found.groups.size() < kMostGroups && group.size() <= kLongestGroup)
      found.groups.emplace(group, 1);
  }
}

Result<> read_playlist(io::ByteSource& bytes, runtime::Process& process,
                       const ProbeRequest& request, Found& found) {
  formats::M3uSplitter splitter(process.slabs(), kRows);
  formats::M3uSource playlist;
  M3U_TRY(playlist.header, formats::begin_m3u(splitter, bytes, found.problems));
  for (const std::string& guide : playlist.header.guide_urls)
    found.guides.push_back(redact_url(guide));
  while (true) {
    if (request.cancel != nullptr && request.cancel->cancelled())
      return fail(ErrorCode::kCancelled, "the service is stopping");
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(bytes, found.problems));
    if (chunk.text.empty()) break;
    catalog::ChannelBatch batch(process.slabs());
    (void)formats::parse_m3u(chunk, playlist, batch, found.problems);
    count_groups(batch, found);
    found.items += batch.rows();
  }
  if (found.items == 0) return fail(ErrorCode::kParse, "the playlist has no channels");
  return {};
}

Result<> read(runtime::Run& run, const ProbeRequest& request, Found& found) {
  if (request.is_guide) {
    const auto guide = run.sources().guide(request.source, runtime::GuideReads::kOnce);
    M3U_TRY(const auto bytes, guide.open());
    const CancelToken never;
    const auto spill = run.process().make_spill_space();
    M3U_TRY(const auto counted,
            jobs::inspect_guide(*bytes, run.process().budget(), spill.get(),
                                request.cancel == nullptr ? never : *request.cancel));
    found.items = counted.items;
    found.bytes = bytes->consumed();
    return {};
  }
  if (!request.source.plugin.empty()) {
    M3U_TRY(const auto counted, jobs::inspect_by_plugin(request.source, run));
    found.items = counted.items;
    return {};
  }
  const auto playlist = run.sources().playlist(request.source);
  M3U_TRY(const auto bytes, playlist.open());
  M3U_CHECK(read_playlist(*bytes, run.process(), request, found));
  found.bytes = bytes->consumed();
  if (playlist.origin) found.account = playlist.origin().account;
  return {};
}

void write_groups(Json& json, const Found& found) {
  std::vector<std::pair<std::string_view, std::uint64_t>> groups(found.groups.begin(),
                                                                 found.groups.end());
  std::ranges::stable_sort(groups, std::ranges::greater(), &decltype(groups)::value_type::second);
  if (groups.size() > kShownGroups) groups.resize(kShownGroups);
  json.key("groups").begin_array();
  for (const auto& [name, count] : groups)
    json.begin_object().member("name", name).member("count", count).end_object();
  json.end_array();
}

void write_problems(Json& json, const Found& found) {
  const auto one = [&](std::string_view severity, std::string_view message, std::uint64_t count) {
    json.begin_object()
        .member("severity", severity)
        .member("message", message)
        .member("count", count)
        .end_object();
  };
  json.key("problems").begin_array();
  if (found.was_cut) one("note", "it is longer, and was looked at as far as here", 1);
  if (found.error) one("error", redact_urls_in(to_string(*found.error)), 1);
  for (const auto& [reason, count] : found.problems.by_reason()) one("note", reason, count);
  json.end_array();
}

std::string answer_of(const ProbeRequest& request, const Found& found) {
  std::string text;
  Json json(text);
  json.begin_object()
      .member("usable", !found.error.has_value())
      .member("format", request.is_guide ? std::string_view("xmltv") : std::string_view("m3u"))
      .member("bytes", found.bytes)
      .member("items", found.items);
  write_groups(json, found);
  json.key("guides").begin_array();
  for (const std::string& guide : found.guides) json.value(std::string_view(guide));
  json.end_array();
  write_problems(json, found);
  account_member(json, found.account);
  json.end_object();
  return text;
}

}  // namespace

Result<std::string> probe(runtime::Process& process, const ProbeRequest& request) {
  runtime::Run run(process, {.threads = 1,
                             .now = request.now,
                             .cancel = request.cancel,
                             .guard = request.guard,
                             .folders = request.folders,
                             .max_download = request.is_guide ? kMostOfGuide : kMostOfPlaylist,
                             .beyond_max_download = net::FetchOptions::Beyond::kCut});
  Found found;
  const auto done = memory::guarded([&] { return read(run, request, found); });
  if (!done) {
    if (ends_the_job(done.error())) return fail(done.error());
    found.was_cut = found.items > 0 && run.sources().spilled_bytes() >= kMostOfPlaylist;
    if (!found.was_cut) found.error = done.error();
  }
  return answer_of(request, found);
}

}  // namespace m3u_proxy::api
