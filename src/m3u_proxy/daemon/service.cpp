#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/daemon/given_secret_key.hpp>
#include <m3u_proxy/daemon/service_parts.hpp>
#include <m3u_proxy/jobs/source_server.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/objects/open_objects.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::string_view kDatabaseFile = "m3u-proxy.sqlite";
constexpr unsigned kDownloads = 4;
constexpr std::size_t kGzipVariants = 8;
/// Of a leader that hangs or is cut off from the database: then another replica leads.
constexpr std::chrono::seconds kLongestSilence{8};

/// Tells this process from those of other machines.
std::string process_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';
  return fmt::format("{}:{}", host.data(), ::getpid());
}

}  // namespace

/// What is saved in the database, before there is a process whose limit and pools it may say.
Result<settings::SavedSettings> Service::Parts::saved_at_start() {
  const std::string& url = loaded_.configuration.database.url;
  if (url.empty() && !std::filesystem::exists(folder_->path() / kDatabaseFile))
    return settings::SavedSettings();
  memory::Budget own;
  M3U_TRY(const auto store, store::open_store({.url = url,
                                               .data = folder_->path(),
                                               .budget = &own,
                                               .program = options_.version,
                                               .now = options_.clock()}));
  return settings::read_saved(*store, *key_);
}

Result<> Service::Parts::load_settings() {
  M3U_TRY(loaded_, load_document(options_.config, options_.environment, options_.flags));
  M3U_TRY(folder_, DataFolder::open(options_.data));
  M3U_CHECK(take_given_secret_key(options_.environment, folder_->path()));
  M3U_TRY(key_, store::SecretKey::open(folder_->path()));
  M3U_TRY(const auto saved, saved_at_start());
  if (saved.revision != 0) {
    M3U_TRY(loaded_,
            load_document(options_.config, options_.environment, options_.flags, &saved.tree));
    memory::release_free_heap();
  }
  saved_revision_ = saved.revision;
  settings_.begin(loaded_.document, loaded_);
  take_log(loaded_.configuration.service);
  return {};
}

Result<> Service::Parts::open_store() {
  M3U_TRY(store_,
          store::open_store({.url = loaded_.configuration.database.url,
                             .data = folder_->path(),
                             .budget = &process_->budget(),
                             .longest_silence = loaded_.configuration.service.snapshots.empty()
                                                    ? std::chrono::seconds()
                                                    : kLongestSilence,
                             .program = options_.version,
                             .now = options_.clock()}));
  M3U_TRY(const std::string secret, api::installation_secret(*store_, *key_, options_.clock()));
  placeholders_ = std::make_shared<const snapshots::Placeholders>(
      snapshots::Placeholders::of_installation(secret));
  return {};
}

Result<> Service::Parts::provision() {
  const store::Time now = options_.clock();
  M3U_CHECK(take_over(*store_, loaded_, now));
  if (loaded_.document) return {};
  M3U_CHECK(release_file(*store_));
  M3U_TRY(const bool made, provision_example(*store_, folder_->path() / "example", now));
  if (made) log::info("service", "a new service: it begins with the example");
  return {};
}

Result<> Service::Parts::open_depot() {
  const auto& config = loaded_.configuration.service;
  if (config.snapshots.empty()) return {};
  if (loaded_.configuration.database.url.empty())
    return fail(ErrorCode::kConfig,
                "service.snapshots is for several replicas, and these need a PostgreSQL database",
                "name it with [database] url, or leave snapshots out");
  objects::ObjectsOptions options{.place = config.snapshots,
                                  .endpoint = config.s3_endpoint,
                                  .region = config.s3_region,
                                  .access_key = config.s3_access_key,
                                  .secret_key = config.s3_secret_key};
  if (is_object_store_guarded(loaded_)) options.guard = [this] { return refresher_->guard(); };
  M3U_TRY(auto objects, objects::open_objects(options));
  depot_ = std::make_unique<depot::Depot>(std::move(objects), process_->budget());
  return {};
}

Result<> Service::Parts::make_jobs() {
  M3U_CHECK(open_depot());
  const auto& config = loaded_.configuration.service;
  M3U_TRY(auto conductor, conductor_options(config));
  conductor.replicas = depot_ != nullptr;
  M3U_TRY(auto guard, address_guard(config));
  const runtime::RunOptions run = runtime::run_options(loaded_.configuration);
  space_ = std::make_unique<jobs::SnapshotSpace>(
      *store_,
      jobs::SnapshotSpace::Options{.folder = folder_->path(), .max_mb = config.max_snapshot_mb});
  refresher_ = std::make_unique<jobs::Refresher>(
      *process_, *store_, *space_, options_.clock,
      jobs::Refresher::Options{.folder = folder_->path(),
                               .max_shrink = config.max_shrink,
                               .guard = std::move(guard),
                               .folders = folder_guard(config, folder_->path()),
                               .max_download = run.max_download,
                               .depot = depot_.get()});
  generator_ = std::make_unique<jobs::Generator>(
      *process_, *store_, *space_, *refresher_, options_.clock,
      jobs::Generator::Options{.folder = folder_->path(),
                               .placeholders = *placeholders_,
                               .threads = options_.threads,
                               .kept = config.generations_kept,
                               .run = run,
                               .depot = depot_.get(),
                               .on_generated = [this](const Uuid& proxy, const auto& stats) {
                                 view_->generated(proxy, stats);
                               }});
  logos_ = std::make_unique<logos::LogoLibrary>(*store_, folder_->path() / "logos",
                                                depot_ ? &depot_->objects() : nullptr);
  logo_cache_ = std::make_unique<logos::LogoCache>(
      process_->budget(), logos::LogoCache::Options{.folder = folder_->path() / "logo-cache"},
      logos::fetch_by_http(process_->spill_folder(), [this] { return refresher_->guard(); }),
      [this] { return store::seconds_of(options_.clock()); });
  const config::AlertsConfig& alerts = loaded_.configuration.alerts;
  alerts_ = std::make_unique<monitoring::AlertCenter>(
      alert_channels(loaded_, [this] { return refresher_->guard(); }),
      [this] { return store::seconds_of(options_.clock()); });
  view_ = std::make_unique<StateView>(*store_, *alerts_, alerts, folder_->path(), options_.clock);
  variants_ = std::make_unique<outputs::GzipVariants>(folder_->path() / "variants",
                                                      process_->slabs(), kGzipVariants);
  publication_ =
      std::make_unique<Publication>(*store_, *key_, *generator_, published_, *variants_,
                                    options_.clock, [this] { return logos_->catch_up(); });
  watch_ = std::make_unique<FileWatch>();
  local_sources_ = std::make_unique<LocalSources>(*watch_, *store_, options_.clock);
  workers_ = std::make_unique<jobs::Workers>(
      *store_, options_.clock,
      jobs::Workers::Options{.owner = process_name(),
                             .on_end =
                                 [this](const store::Job& job, const Result<std::string>& result) {
                                   const auto target = parse_uuid(job.target);
                                   if (target && job.kind == jobs::kGenerateJob)
                                     conductor_->generation_ended(*target, result);
                                   if (target && job.kind == jobs::kRefreshJob)
                                     conductor_->refresh_ended(*target, result);
                                   view_->ended(job, result);
                                   // That nothing has changed is no change of the store, and yet
                                   // the end of failures.
                                   if (job.kind == jobs::kRefreshJob)
                                     view_->follow(*conductor_->model());
                                 },
                             .on_rest = [this] { process_->rest(); }});
  conductor_ = std::make_unique<jobs::Conductor>(
      *store_, loaded_.configuration, *refresher_, *generator_, options_.clock,
      std::move(conductor),
      jobs::Conductor::Listeners{.model =
                                     [this](const auto& model) {
                                       publish();
                                       local_sources_->follow(*model);
                                     },
                                 .generations = [this] { publish(); },
                                 .jobs = [this] { workers_->wake(); },
                                 .changes = [this](store::Topics topics) { look(topics); }});
  workers_->add_lane(kDownloads,
                     {{std::string(jobs::kRefreshJob),
                       [this](const jobs::JobContext& job) -> Result<std::string> {
                         M3U_TRY(const auto model, conductor_->model_for_job());
                         return refresher_->refresh(job, *model);
                       }}},
                     [this](const std::vector<jobs::RunningJob>& running) {
                       return jobs::waiting_for_servers(*conductor_->model(), running);
                     });
  workers_->add_lane(1, {{std::string(jobs::kGenerateJob),
                          [this](const jobs::JobContext& job) -> Result<std::string> {
                            M3U_TRY(const auto model, conductor_->model_for_job());
                            return generator_->generate(job, *model);
                          }}});
  restoring_ = std::make_unique<Restoring>(
      Restoring::Parts{.store = *store_,
                       .process = *process_,
                       .workers = *workers_,
                       .conductor = *conductor_,
                       .clock = options_.clock,
                       .data = folder_->path(),
                       .version = options_.version,
                       .take_file = [this] { return take_file_again(); },
                       .check_settings = [this](const auto& it) { return check_restored(it); }});
  return {};
}

void Service::Parts::look(store::Topics topics) {
  if (takes_settings_ && topics.test(static_cast<std::size_t>(store::Topic::kSettings)))
    if (const auto taken = take_settings(); !taken)
      log::error("config", "the saved settings are not taken over: {}", to_string(taken.error()));
  if (depot_ && topics.test(static_cast<std::size_t>(store::Topic::kLogos)))
    publication_->logos_changed();
  // Who may have what is looked up anew.
  if (topics.test(static_cast<std::size_t>(store::Topic::kAccess))) publish();
  for (const store::Topic topic :
       {store::Topic::kEntities, store::Topic::kSnapshots, store::Topic::kGenerations})
    if (topics.test(static_cast<std::size_t>(topic))) return view_->follow(*conductor_->model());
}

/// Puts what the store names in place of what was served.
void Service::Parts::publish() {
  if (auto model = conductor_ ? conductor_->model() : nullptr)
    publication_->publish(std::move(model));
}

Result<> Service::Parts::start() {
  M3U_CHECK(load_settings());
  runtime::ProcessOptions process =
      runtime::process_options(loaded_.configuration, folder_->path());
  process.plugins.compiler = options_.plugin_compiler;
  // Requests are answered beside the runs that look: their code and stacks come in meanwhile.
  process.between_looks = mib(4);
  M3U_TRY(process_, runtime::Process::create(std::move(process)));
  M3U_CHECK(open_store());
  keeps_store_.emplace(process_->kept(), store_->memory());
  M3U_CHECK(provision());
  M3U_CHECK(make_jobs());
  // An own store is this process's alone, as the data folder is.
  if (loaded_.configuration.database.url.empty()) M3U_CHECK(workers_->take_back());
  // Before anybody can ask: what the last process published is served from the first answer on.
  M3U_CHECK(conductor_->start());
  M3U_CHECK(listen());
  takes_settings_ = true;
  look(store::Topics().set(static_cast<std::size_t>(store::Topic::kSettings)));
  workers_->start();
  if (options_.config)
    watch_->watch("configuration", {*options_.config}, [this](const auto&) { reload_file(); });
  return {};
}

void Service::Parts::stop(std::chrono::milliseconds within) {
  if (workers_) workers_->begin_to_stop();
  if (depot_) depot_->stop();  // any of the threads below may wait for it
  if (restoring_) restoring_->stop();
  stopping_ = "answers";
  if (server_) server_->stop(within);
  stopping_ = "requests of the API";
  if (api_) api_->stop();
  stopping_ = "logos";
  logo_cache_.reset();  // who waits for a logo is answered while there are event loops
  stopping_ = "ctl";
  errands_.reset();
  questions_.reset();
  stopping_ = "the schedule";
  if (conductor_) conductor_->stop();
  stopping_ = "watched files";
  watch_.reset();
  stopping_ = "jobs";
  if (workers_) workers_->stop();
  stopping_ = "the outputs";
  server_.reset();
  publication_.reset();
  variants_.reset();
}

/// Any of the parts may wait for a job.
std::string Service::Parts::waits_for() const {
  std::string text = stopping_.load();
  const auto model = conductor_->model();
  for (const jobs::RunningJob& running : workers_->running()) {
    const auto target = parse_uuid(running.job.target);
    const bool may_be_known = model && target;
    const jobs::ProxyEntry* const proxy = may_be_known ? model->find_proxy(*target) : nullptr;
    const jobs::SourceEntry* const source = may_be_known ? model->find_source(*target) : nullptr;
    text += fmt::format("{}{} of \"{}\"", text.empty() ? "" : ", ", running.job.kind,
                        proxy != nullptr    ? proxy->config.name.name
                        : source != nullptr ? source->config.name.name
                                            : running.job.target);
    if (!running.stage.empty()) text += fmt::format(" ({})", running.stage);
  }
  return text;
}

std::optional<std::string> Service::Parts::setup_link() const {
  const auto token = api_->setup_token();
  if (!token) return std::nullopt;
  return fmt::format("{}/ui/#/setup?token={}", address(), *token);
}

Result<std::string> Service::Parts::door_of(const jobs::ProxyEntry& proxy) const {
  if (proxy.config.is_public) return proxy.config.name.name;
  return api::output_token(*store_, *key_, proxy.id, options_.clock());
}

Result<std::vector<Service::Output>> Service::Parts::outputs() const {
  std::vector<Output> out;
  M3U_TRY(const http::BaseAddress base, http::parse_base_address(address()));
  const auto model = conductor_->model();
  for (const jobs::ProxyEntry& proxy : model->proxies) {
    M3U_TRY(const std::string door, door_of(proxy));
    auto addresses = api::output_addresses(base, door);
    out.push_back({.proxy = proxy.config.name.name,
                   .playlist = std::move(addresses.playlist),
                   .guide = std::move(addresses.guide)});
  }
  return out;
}

bool Service::Parts::ready() {
  if (was_ready_) return true;
  const auto proxies = published_.all();
  if (!std::ranges::all_of(proxies, [](const auto& proxy) { return proxy->has_generation(); }))
    return false;
  was_ready_ = true;
  return true;
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(ServiceOptions options) {
  std::unique_ptr<Service> service(new Service(std::make_unique<Parts>(std::move(options))));
  M3U_CHECK(service->parts_->start());
  return service;
}

std::string Service::address() const { return parts_->address(); }
Result<std::vector<Service::Output>> Service::outputs() const { return parts_->outputs(); }
std::optional<std::string> Service::setup_link() const { return parts_->setup_link(); }
bool Service::ready() const { return parts_->ready(); }
void Service::stop(std::chrono::milliseconds within) { parts_->stop(within); }
std::string Service::waits_for() const { return parts_->waits_for(); }

}  // namespace m3u_proxy::daemon
