#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/api/lineup/guide_catalog.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kFolder = "guide-channels";
constexpr std::size_t kMostWaiting = 32;
constexpr std::chrono::milliseconds kLook{100};

/// What a file is called: of which source, and of which of its snapshots.
std::string name_of(const Uuid& source, const Uuid& snapshot) {
  return fmt::format("{}.{}", to_base64url(source), to_base64url(snapshot));
}

}  // namespace

GuideCatalog::GuideCatalog(const ApiContext& context)
    : context_(context), folder_(context.data / kFolder), pool_(1, kMostWaiting) {}

GuideCatalog::~GuideCatalog() {
  stopping_.cancel();
  pool_.stop();
}

Outcome<std::vector<GuideCatalog::Wanted>> GuideCatalog::wanted_of(
    const jobs::Model& model, const jobs::ProxyEntry& proxy) const {
  std::vector<Wanted> all;
  for (const config::Named& name : proxy.config.epg_sources) {
    const jobs::SourceEntry* const source = model.find_source(name.name, true);
    if (source == nullptr) continue;
    M3U_TRY(const auto current, context_.store.snapshots().current(source->id));
    if (!current) continue;
    all.push_back(
        {.proxy = &proxy, .source = source, .path = folder_ / name_of(source->id, current->id)});
  }
  return all;
}

Result<std::shared_ptr<const snapshots::GuideChannelFile>> GuideCatalog::open(
    const Wanted& wanted) const {
  io::Descriptor file(::open(wanted.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(system_error("cannot read " + wanted.path.string(), errno));
  return snapshots::GuideChannelFile::open(std::move(file), wanted.path.string(),
                                           context_.process.budget());
}

void GuideCatalog::begin(const std::shared_ptr<const jobs::Model>& model, const Wanted& wanted) {
  {
    const std::scoped_lock lock(mutex_);
    if (!being_made_.emplace(wanted.path, std::chrono::steady_clock::now()).second) return;
  }
  WorkPool::Work work = [this, model, wanted] { make(*model, wanted); };
  if (pool_.post(work)) return;
  const std::scoped_lock lock(mutex_);
  being_made_.erase(wanted.path);
}

void GuideCatalog::make(const jobs::Model& model, const Wanted& wanted) {
  const auto done = memory::guarded([&] { return write(model, wanted); });
  if (!done && !stopping_.cancelled())
    log::warn("api", "the channels of the guide \"{}\" cannot be listed: {}",
              wanted.source->config.name.name, to_string(done.error()));
  const std::scoped_lock lock(mutex_);
  being_made_.erase(wanted.path);
  made_.notify_all();
}

/// Reads the guide as it was fetched last, whatever the proxies that have it do with it.
Result<> GuideCatalog::write(const jobs::Model& model, const Wanted& wanted) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  jobs::ProxyEntry alone = *wanted.proxy;
  alone.config.epg_sources.assign(1, {.name = wanted.source->config.name.name});
  alone.config.filters.clear();
  alone.config.rules.clear();
  alone.config.guide = {};
  alone.config.use_playlist_guides = false;
  M3U_TRY(const jobs::Generator::Inputs inputs, context_.generator.open_inputs(model, alone));
  runtime::RunOptions options = context_.generator.run_options();
  options.threads = 1;
  options.cancel = &stopping_;
  runtime::Run run(context_.process, options);
  M3U_TRY(const generation::ResolvedProxyConfig resolved,
          context_.generator.resolve(inputs, alone, run));
  M3U_TRY(const auto file, io::AtomicFile::create(wanted.path));
  snapshots::GuideChannelWriter writer(*file, context_.process.budget());
  M3U_CHECK(run.list_guide_channels(resolved, writer));
  M3U_CHECK(file->publish(io::AtomicFile::Durability::kNotNeeded));
  delete_others(model, wanted);
  return {};
}

/// Those of what the source was before, and of sources that are gone.
void GuideCatalog::delete_others(const jobs::Model& model, const Wanted& kept) const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    const auto source = parse_uuid(name.substr(0, name.find('.')));
    if (entry.path() == kept.path || !source) continue;
    if (*source == kept.source->id || model.find_source(*source) == nullptr)
      std::filesystem::remove(entry.path(), error);
  }
}

/// Until a guide is read, or for as long as `patience` says, or until nobody waits any more.
void GuideCatalog::wait_for(const Wanted& wanted, const Patience& patience, Moment asked,
                            const std::function<bool()>& gone) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto made = being_made_.find(wanted.path);
    if (made == being_made_.end()) return;
    const Moment from = patience.from == Patience::From::kReading ? made->second : asked;
    const Moment until = from + patience.time;
    const Moment now = std::chrono::steady_clock::now();
    if (now >= until || gone()) return;
    made_.wait_until(lock, std::min(until, now + kLook));
  }
}

Outcome<GuideCatalog::Guides> GuideCatalog::of(const Uuid& proxy, const Patience& patience,
                                               const std::function<bool()>& gone) {
  const auto model = context_.conductor.model();
  const jobs::ProxyEntry* const entry = model ? model->find_proxy(proxy) : nullptr;
  if (entry == nullptr) return problem(404, "there is no proxy of this id");
  M3U_TRY(const auto wanted, wanted_of(*model, *entry));
  const Moment asked = std::chrono::steady_clock::now();
  Guides guides;
  for (const Wanted& one : wanted) {
    auto file = open(one);
    if (!file && ends_the_job(file.error()))
      return std::unexpected<Problem>(Problem(std::move(file).error()));
    if (!file) {
      begin(model, one);
      wait_for(one, patience, asked, gone);
      file = open(one);
    }
    if (file)
      guides.all.push_back({.source = one.source->config.name.name, .channels = *std::move(file)});
    else
      guides.is_whole = false;
  }
  return guides;
}

}  // namespace m3u_proxy::api
