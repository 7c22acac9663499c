#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/api/api.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/changed_keys.hpp>
#include <m3u_proxy/daemon/control_routes.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>
#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/daemon/file_watch.hpp>
#include <m3u_proxy/daemon/first_admin.hpp>
#include <m3u_proxy/daemon/http_settings.hpp>
#include <m3u_proxy/daemon/local_sources.hpp>
#include <m3u_proxy/daemon/output_tokens.hpp>
#include <m3u_proxy/daemon/provisioning.hpp>
#include <m3u_proxy/daemon/publication.hpp>
#include <m3u_proxy/daemon/service.hpp>
#include <m3u_proxy/daemon/status_routes.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/output_routes.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/store/open/open_store.hpp>
#if M3U_PROXY_UI
#include <m3u_proxy/web/ui_routes.hpp>
#endif

namespace m3u_proxy::daemon {
namespace {

constexpr unsigned kDownloads = 4;
constexpr std::size_t kGzipVariants = 8;

}  // namespace

/// In the order in which they depend on one another; the last one goes first.
class Service::Parts {
 public:
  explicit Parts(ServiceOptions options) : options_(std::move(options)) {}
  ~Parts() { stop(std::chrono::milliseconds(0)); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Result<> start();
  void stop(std::chrono::milliseconds within);
  [[nodiscard]] std::string address() const;
  [[nodiscard]] Result<std::vector<Output>> outputs() const;
  [[nodiscard]] std::optional<std::string> setup_link() const;
  [[nodiscard]] bool ready() const;

 private:
  Result<> open_store();
  Result<> provision();
  Result<> make_jobs();
  Result<> make_api();
  [[nodiscard]] http::ServerCounters http_counters() const;
  Result<> listen();
  void publish();
  void reload_file();
  [[nodiscard]] Result<std::string> door_of(const jobs::ProxyEntry& proxy) const;
  void apply(const LoadedDocument& loaded);
  [[nodiscard]] config::HttpConfig http_config(const LoadedDocument& loaded) const;
  [[nodiscard]] static Result<jobs::Conductor::Options> conductor_options(
      const config::ServiceConfig& config);

  ServiceOptions options_;
  std::optional<DataFolder> folder_;
  LoadedDocument loaded_;                           // as the service started
  std::optional<config::ConfigDocument> document_;  // what holds now
  std::unique_ptr<runtime::Process> process_;
  std::optional<store::SecretKey> key_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<const snapshots::Placeholders> placeholders_;
  http::LivePolicy addresses_;
  std::string listens_at_;  // written before any request is read
  outputs::Published published_;
  std::unique_ptr<outputs::GzipVariants> variants_;
  std::unique_ptr<jobs::Refresher> refresher_;
  std::unique_ptr<jobs::Generator> generator_;
  std::unique_ptr<Publication> publication_;
  std::unique_ptr<FileWatch> watch_;
  std::unique_ptr<LocalSources> local_sources_;
  std::unique_ptr<jobs::Workers> workers_;
  std::unique_ptr<jobs::Conductor> conductor_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Router> control_router_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<Errands> errands_;
  std::unique_ptr<http::Server> server_;
  std::atomic<http::Server*> serving_{nullptr};  // server_, once it is there
};

Result<> Service::Parts::open_store() {
  const auto& database = loaded_.configuration.database;
  M3U_TRY(key_, store::SecretKey::open(folder_->path()));
  M3U_TRY(store_, store::open_store({.url = database.url,
                                     .data = folder_->path(),
                                     .budget = &process_->budget(),
                                     .program = options_.version,
                                     .now = options_.clock()}));
  M3U_TRY(const std::string secret, installation_secret(*store_, *key_, options_.clock()));
  placeholders_ = std::make_shared<const snapshots::Placeholders>(
      snapshots::Placeholders::of_installation(secret));
  return {};
}

Result<> Service::Parts::provision() {
  const store::Time now = options_.clock();
  M3U_CHECK(take_over(*store_, loaded_, now));
  if (loaded_.document) return {};
  M3U_TRY(const bool made, provision_example(*store_, folder_->path() / "example", now));
  if (made) log::info("service", "a new service: it begins with the example");
  return {};
}

Result<> Service::Parts::make_jobs() {
  const auto& config = loaded_.configuration.service;
  M3U_TRY(auto conductor, conductor_options(config));
  refresher_ = std::make_unique<jobs::Refresher>(
      *process_, *store_, options_.clock,
      jobs::Refresher::Options{.folder = folder_->path(), .max_shrink = config.max_shrink});
  generator_ = std::make_unique<jobs::Generator>(
      *process_, *store_, *refresher_, options_.clock,
      jobs::Generator::Options{.folder = folder_->path(),
                               .placeholders = *placeholders_,
                               .threads = options_.threads,
                               .kept = config.generations_kept,
                               .run = runtime::run_options(loaded_.configuration)});
  variants_ = std::make_unique<outputs::GzipVariants>(folder_->path() / "variants",
                                                      process_->slabs(), kGzipVariants);
  publication_ = std::make_unique<Publication>(*store_, *key_, *generator_, published_, *variants_,
                                               options_.clock);
  watch_ = std::make_unique<FileWatch>();
  local_sources_ = std::make_unique<LocalSources>(*watch_, *store_, options_.clock);
  workers_ = std::make_unique<jobs::Workers>(
      *store_, options_.clock,
      jobs::Workers::Options{.owner = fmt::format("{}", ::getpid()),
                             .on_end =
                                 [this](const store::Job& job, const Result<std::string>& result) {
                                   const auto proxy = parse_uuid(job.target);
                                   if (proxy && job.kind == jobs::kGenerateJob)
                                     conductor_->generation_ended(*proxy, result);
                                 },
                             .on_rest = [this] { process_->release_kept(); }});
  conductor_ = std::make_unique<jobs::Conductor>(
      *store_, loaded_.configuration, *refresher_, *generator_, options_.clock,
      std::move(conductor),
      jobs::Conductor::Listeners{.model =
                                     [this](const auto& model) {
                                       publish();
                                       local_sources_->follow(*model);
                                     },
                                 .generations = [this] { publish(); },
                                 .jobs = [this] { workers_->wake(); }});
  workers_->add_lane(kDownloads,
                     {{std::string(jobs::kRefreshJob), [this](const jobs::JobContext& job) {
                         return refresher_->refresh(job, *conductor_->model());
                       }}});
  workers_->add_lane(1, {{std::string(jobs::kGenerateJob), [this](const jobs::JobContext& job) {
                            return generator_->generate(job, *conductor_->model());
                          }}});
  return {};
}

/// Puts what the store names in place of what was served.
void Service::Parts::publish() {
  if (const auto model = conductor_ ? conductor_->model() : nullptr) publication_->publish(*model);
}

config::HttpConfig Service::Parts::http_config(const LoadedDocument& loaded) const {
  config::HttpConfig config = loaded.configuration.http;
  if (options_.listen) config.listen = *options_.listen;
  if (options_.public_url) config.public_url = *options_.public_url;
  return config;
}

Result<> Service::Parts::listen() {
  const config::HttpConfig config = http_config(loaded_);
  M3U_TRY(auto policy, address_policy(config));
  addresses_.set(std::move(policy));
  M3U_TRY(http::TcpEndpoint endpoint, endpoint_of(config.listen));
  errands_ = std::make_unique<Errands>();
  router_ = std::make_unique<http::Router>();
  control_router_ = std::make_unique<http::Router>();
  M3U_CHECK(outputs::add_output_routes(*router_, {.published = published_,
                                                  .variants = *variants_,
                                                  .placeholders = placeholders_,
                                                  .addresses = addresses_,
                                                  .budget = process_->budget(),
                                                  .slabs = process_->slabs()}));
  M3U_CHECK(add_status_routes(*router_, {.ready = [this] { return ready(); }}));
#if M3U_PROXY_UI
  M3U_CHECK(web::add_ui_routes(*router_, {.budget = process_->budget()}));
#endif
  M3U_CHECK(add_control_routes(*control_router_, {.store = *store_,
                                                  .conductor = *conductor_,
                                                  .refresher = *refresher_,
                                                  .generator = *generator_,
                                                  .workers = *workers_,
                                                  .errands = *errands_,
                                                  .process = *process_,
                                                  .clock = options_.clock,
                                                  .outputs = [this] { return outputs(); },
                                                  .version = options_.version}));
  M3U_CHECK(make_api());
  http::ServerOptions server;
  server.listeners.push_back(
      {.endpoint = std::move(endpoint), .router = router_.get(), .base_path = config.base_path});
  server.listeners.push_back(
      {.endpoint = http::UnixEndpoint{folder_->control_socket()}, .router = control_router_.get()});
  server.threads = 2;
  server.error_page = api::error_page;
  server.on_listening = [this](const auto& addresses) { listens_at_ = addresses.front(); };
  M3U_TRY(server_, http::Server::start(std::move(server), process_->budget()));
  serving_ = server_.get();
  return {};
}

http::ServerCounters Service::Parts::http_counters() const {
  const http::Server* const server = serving_;
  return server == nullptr ? http::ServerCounters() : server->counters();
}

Result<> Service::Parts::make_api() {
  M3U_TRY(const auto admin, first_admin(options_.environment));
  M3U_TRY(api_,
          api::Api::create(
              *router_,
              {.store = *store_,
               .key = *key_,
               .process = *process_,
               .conductor = *conductor_,
               .refresher = *refresher_,
               .generator = *generator_,
               .workers = *workers_,
               .published = published_,
               .addresses = addresses_,
               .configuration = loaded_.configuration,
               .clock = options_.clock,
               .data = folder_->path(),
               .version = options_.version,
               .output_door = [this](const jobs::ProxyEntry& proxy) { return door_of(proxy); },
               .http_counters = [this] { return http_counters(); }},
              admin));
  return {};
}

/// The file has changed: what it says now holds, if it is right.
void Service::Parts::reload_file() {
  auto loaded = load_document(options_.config, options_.environment, options_.flags);
  if (!loaded) {
    log::error("config", "{} is not taken over: the old one holds", options_.config->string());
    return;
  }
  const auto taken = take_over(*store_, *loaded, options_.clock());
  if (!taken) {
    log::error("config", "{} is not taken over: {}", options_.config->string(),
               to_string(taken.error()));
    return;
  }
  if (!taken->empty())
    log::info("config", "{}: {} new, {} changed, {} removed", options_.config->string(),
              taken->added.size(), taken->changed.size(), taken->removed.size());
  apply(*loaded);
  document_ = std::move(loaded->document);
}

/// The plain sections, as far as they can change while the service runs.
void Service::Parts::apply(const LoadedDocument& loaded) {
  const std::vector<std::string> changed = changed_keys(*document_, *loaded.document);
  if (changed.empty()) return;
  const config::Configuration& now = loaded.configuration;
  auto policy = address_policy(http_config(loaded));
  auto conductor = conductor_options(now.service);
  for (const Error* const error :
       {policy ? nullptr : &policy.error(), conductor ? nullptr : &conductor.error()})
    if (error != nullptr)
      log::error("config", "{}: the old settings hold: {}", options_.config->string(),
                 to_string(*error));
  if (!policy || !conductor) return;
  addresses_.set(*std::move(policy));
  refresher_->set_max_shrink(now.service.max_shrink);
  generator_->configure(now.service.generations_kept, runtime::run_options(now));
  process_->set_cleanup(now.memory_cleanup);
  conductor_->configure(now, *std::move(conductor));
  for (const std::string& key : changed)
    if (applies_at_once(key))
      log::info("config", "{} is another one now", key);
    else
      log::warn("config", "{} has changed in the file: it holds after a restart", key);
}

Result<jobs::Conductor::Options> Service::Parts::conductor_options(
    const config::ServiceConfig& config) {
  M3U_TRY(const jobs::TimeZone zone, jobs::TimeZone::find(config.time_zone));
  return jobs::Conductor::Options{.quiet_period = config.quiet_period,
                                  .jitter = config.jitter,
                                  .zone = zone,
                                  .refresh = config.refresh};
}

Result<> Service::Parts::start() {
  M3U_TRY(loaded_, load_document(options_.config, options_.environment, options_.flags));
  document_ = loaded_.document;
  M3U_TRY(folder_, DataFolder::open(options_.data));
  runtime::ProcessOptions process =
      runtime::process_options(loaded_.configuration, folder_->path());
  process.plugins.compiler = options_.plugin_compiler;
  M3U_TRY(process_, runtime::Process::create(std::move(process)));
  M3U_CHECK(open_store());
  M3U_CHECK(provision());
  M3U_CHECK(make_jobs());
  // An own store is this process's alone, as the data folder is.
  if (loaded_.configuration.database.url.empty()) M3U_CHECK(workers_->take_back());
  // Before anybody can ask: what the last process published is served from the first answer on.
  M3U_CHECK(conductor_->start());
  M3U_CHECK(listen());
  workers_->start();
  if (options_.config)
    watch_->watch("configuration", {*options_.config}, [this](const auto&) { reload_file(); });
  return {};
}

void Service::Parts::stop(std::chrono::milliseconds within) {
  if (server_) server_->stop(within);
  if (api_) api_->stop();
  errands_.reset();
  if (conductor_) conductor_->stop();
  watch_.reset();
  if (workers_) workers_->stop();
  server_.reset();
  variants_.reset();
}

std::string Service::Parts::address() const {
  const auto policy = addresses_.get();
  if (policy->public_url) return http::to_string(*policy->public_url);
  return fmt::format("http://{}{}", listens_at_, policy->base_path);
}

std::optional<std::string> Service::Parts::setup_link() const {
  const auto token = api_->setup_token();
  if (!token) return std::nullopt;
  return fmt::format("{}/ui/#/setup?token={}", address(), *token);
}

Result<std::string> Service::Parts::door_of(const jobs::ProxyEntry& proxy) const {
  if (proxy.config.is_public) return proxy.config.name.name;
  return output_token(*store_, *key_, proxy.id, options_.clock());
}

Result<std::vector<Service::Output>> Service::Parts::outputs() const {
  std::vector<Output> out;
  const std::string base = address();
  const auto model = conductor_->model();
  for (const jobs::ProxyEntry& proxy : model->proxies) {
    M3U_TRY(const std::string door, door_of(proxy));
    out.push_back({.proxy = proxy.config.name.name,
                   .playlist = fmt::format("{}/proxy/{}/playlist.m3u", base, door),
                   .guide = fmt::format("{}/proxy/{}/guide.xml", base, door)});
  }
  return out;
}

bool Service::Parts::ready() const {
  const auto proxies = published_.all();
  return std::ranges::all_of(proxies, [](const auto& proxy) { return proxy->has_generation(); });
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

}  // namespace m3u_proxy::daemon
