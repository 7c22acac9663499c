#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/io/transcode.hpp>
#include <m3u_proxy/runtime/download_check.hpp>
#include <m3u_proxy/runtime/run_sources.hpp>

namespace m3u_proxy::runtime {
namespace {

constexpr std::string_view kPlaylistKind = "playlist";
constexpr std::string_view kGuideKind = "guide";

/// What is left of a download that broke off: its bytes, and then the error.
class PartialSource final : public io::ByteSource {
 public:
  PartialSource(std::unique_ptr<io::ByteSource> source, Error error)
      : source_(std::move(source)), error_(std::move(error)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    M3U_TRY(const std::size_t size, source_->read(buffer));
    if (size == 0) return fail(error_);
    return size;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }

 private:
  std::unique_ptr<io::ByteSource> source_;
  Error error_;
};

sources::SourceRequest request_for(const config::SourceConfig& source,
                                   sources::SourceRequest::Reads reads) {
  sources::SourceRequest request{.name = source.name.name,
                                 .location = source.location,
                                 .user_agent = source.user_agent,
                                 .headers = {},
                                 .reads = reads,
                                 .any_content = !source.plugin.empty()};
  for (const auto& [name, value] : source.headers)
    request.headers.push_back({.name = name, .value = value});
  return request;
}

std::string origin_key(std::string_view kind, const std::string& name) {
  return fmt::format("{} {}", kind, name);
}

}  // namespace

RunSources::RunSources(Process& process, std::filesystem::path cache_dir, const CancelToken* cancel,
                       bool several_readers, net::FetchOptions fetch,
                       std::shared_ptr<const io::FolderGuard> folders)
    : process_(process),
      cache_dir_(std::move(cache_dir)),
      cancel_(cancel),
      several_readers_(several_readers),
      fetch_(std::move(fetch)),
      folders_(std::move(folders)) {}

void RunSources::begin(spill::SpillSpace& spill) {
  spill_ = &spill;
  origins_.clear();
  store_ = std::make_unique<sources::SourceStore>(sources::SourceStoreOptions{
      .budget = &process_.budget(),
      .temp_folder = [this] { return temp_folder(); },
      .cache_dir = cache_dir_,
      .fetch = fetch_,
      .cancel = cancel_,
      .folders = folders_,
      .paces = process_.account_paces(),
      .clock = {},
      .validate = [this](const sources::SourceRequest& request,
                         std::unique_ptr<io::ByteSource> bytes) -> Result<> {
        if (request.any_content) return {};
        return check_download(request.wanted,
                              *io::make_inflating_source(std::move(bytes), process_.budget()));
      }});
}

void RunSources::end() {
  store_.reset();
  temp_folder_.reset();
}

/// Downloads wait on disk; beside an output that is in memory itself they may wait there too.
Result<io::TempFolder*> RunSources::temp_folder() {
  if (temp_folder_) return temp_folder_.get();
  auto folder = spill_->folder();
  const bool in_memory = !folder && folder.error().code == ErrorCode::kInvalidArgument;
  if (!in_memory || process_.spill_folder_is_named()) return folder;
  M3U_TRY(temp_folder_,
          io::TempFolder::create(process_.spill_folder(), io::TempFolder::Tmpfs::kAllow));
  return temp_folder_.get();
}

Result<std::unique_ptr<io::ByteSource>> RunSources::open(std::string_view kind,
                                                         const config::SourceConfig& source,
                                                         Reads reads,
                                                         std::shared_ptr<ProblemLog> problems) {
  M3U_TRY(auto bytes, open_stored(kind, source, request_for(source, reads), std::move(problems)));
  return io::make_inflating_source(std::move(bytes), process_.budget());
}

Result<std::unique_ptr<io::ByteSource>> RunSources::stored(
    const config::SourceConfig& source, bool is_guide,
    std::function<void(const sources::FetchProgress&)> on_progress) {
  const std::string_view kind = is_guide ? kGuideKind : kPlaylistKind;
  sources::SourceRequest request = request_for(source, Reads::kOnce);
  request.on_progress = std::move(on_progress);
  M3U_TRY(auto bytes, open_stored(kind, source, std::move(request), nullptr));
  const sources::SourceInfo info = origin_of(kind, source.name.name);
  if (info.from_cache && info.error) return fail(*info.error);
  return bytes;
}

Result<std::unique_ptr<io::ByteSource>> RunSources::open_stored(
    std::string_view kind, const config::SourceConfig& source, sources::SourceRequest request,
    std::shared_ptr<ProblemLog> problems) {
  if (!source.channels.empty())
    return std::make_unique<io::MemorySource>(config::to_playlist(source.channels));
  if (kind == kGuideKind) request.wanted = sources::SourceRequest::Wanted::kGuide;
  M3U_TRY(const auto stored, store_->get(request));
  const sources::SourceInfo& info = stored->info();
  {
    const std::lock_guard lock(mutex_);
    origins_[origin_key(kind, source.name.name)] = info;
  }
  M3U_TRY(auto bytes, stored->open(std::move(problems)));
  if (info.partial && info.error)
    bytes = std::make_unique<PartialSource>(std::move(bytes), *info.error);
  return bytes;
}

sources::SourceInfo RunSources::origin_of(std::string_view kind, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = origins_.find(origin_key(kind, name));
  return found == origins_.end() ? sources::SourceInfo{} : found->second;
}

channels::PlaylistSource RunSources::playlist(const config::SourceConfig& source) {
  channels::PlaylistSource out;
  out.name = source.name.name;
  out.id = source.id;
  out.url = redact_url(source.address());
  if (!source.channels.empty()) out.type = "manual";
  out.plugin = source.plugin;
  const auto problems = std::make_shared<ProblemLog>();
  out.open = [this, source, problems]() -> Result<std::unique_ptr<io::ByteSource>> {
    problems->clear();
    M3U_TRY(auto bytes, open(kPlaylistKind, source,
                             several_readers_ ? Reads::kSeveralTimes : Reads::kOnce, problems));
    return io::make_text_source(std::move(bytes), source.encoding);
  };
  out.origin = [this, name = source.name.name] {
    const sources::SourceInfo info = origin_of(kPlaylistKind, name);
    channels::SourceOrigin origin{.from_cache = info.from_cache, .age_seconds = info.age_s};
    if (info.account)
      origin.account = {.status = info.account->status,
                        .expires = info.account->expires,
                        .active_connections = info.account->active_connections,
                        .max_connections = info.account->max_connections};
    return origin;
  };
  out.problems = [problems] { return *problems; };
  return out;
}

guide::EpgSource RunSources::guide(const config::SourceConfig& source, GuideReads reads) {
  const bool once = reads == GuideReads::kOnce && !several_readers_;
  guide::EpgSource out;
  out.name = source.name.name;
  out.url = redact_url(source.address());
  out.time_offset_seconds = source.time_offset_seconds;
  out.open = [this, source, once] {
    return open(kGuideKind, source, once ? Reads::kOnce : Reads::kSeveralTimes);
  };
  return out;
}

void RunSources::add_origins(const std::string& proxy_name,
                             generation::GenerationStats& stats) const {
  for (channels::SourceStats& source : stats.sources_detail) {
    const sources::SourceInfo info = origin_of(source.kind, source.name);
    source.from_cache = source.from_cache || info.from_cache;
    if (info.from_cache) source.age_s = info.age_s;
    source.partial = source.partial || info.partial;
    if (source.error.empty() && info.error) source.error = to_string(*info.error);
    stats.degraded = stats.degraded || info.from_cache || info.partial;
    if (info.from_cache)
      log::warn("sources", "{} of proxy \"{}\" is {} s old, from the cache: {}", source.name,
                proxy_name, info.age_s, source.error);
  }
}

}  // namespace m3u_proxy::runtime
