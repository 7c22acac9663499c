#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/api/api.hpp>
#include <m3u_proxy/base/ip_address.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/control_routes.hpp>
#include <m3u_proxy/daemon/data_folder.hpp>
#include <m3u_proxy/daemon/file_watch.hpp>
#include <m3u_proxy/daemon/first_admin.hpp>
#include <m3u_proxy/daemon/output_tokens.hpp>
#include <m3u_proxy/daemon/provisioning.hpp>
#include <m3u_proxy/daemon/service.hpp>
#include <m3u_proxy/daemon/status_routes.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/output_routes.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr unsigned kDownloads = 4;
constexpr std::size_t kGzipVariants = 8;

std::int64_t seconds_of(store::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// "127.0.0.1:8080", "[::1]:8080", "8080".
Result<http::TcpEndpoint> endpoint_of(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? listen : listen.substr(colon + 1);
  const std::string_view host = colon == std::string_view::npos ? "" : listen.substr(0, colon);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number > 65535)
    return fail(ErrorCode::kConfig, fmt::format("\"{}\" is no address to listen on", listen),
                "write it as 127.0.0.1:8080, or [::]:8080 for every interface");
  return http::TcpEndpoint{.host = host.empty() ? "127.0.0.1" : std::string(host),
                           .port = static_cast<std::uint16_t>(number)};
}

Result<http::AddressPolicy> address_policy(const config::HttpConfig& config) {
  http::AddressPolicy policy;
  if (!config.public_url.empty()) {
    M3U_TRY(policy.public_url, http::parse_base_address(config.public_url));
  }
  for (const config::Named& proxy : config.trusted_proxies) {
    M3U_TRY(Cidr range, parse_cidr(proxy.name));
    policy.trusted_proxies.push_back(range);
  }
  for (const config::Named& host : config.allowed_hosts) policy.allowed_hosts.push_back(host.name);
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0)
    policy.allowed_hosts.emplace_back(name.data());
  policy.base_path = config.base_path;
  return policy;
}

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
  Result<> listen();
  void publish();
  void reload_file();
  [[nodiscard]] Result<std::string> door_of(const jobs::ProxyEntry& proxy) const;
  Result<std::shared_ptr<outputs::PublishedProxy>> open_proxy(const jobs::ProxyEntry& entry) const;

  ServiceOptions options_;
  std::optional<DataFolder> folder_;
  LoadedDocument loaded_;
  std::unique_ptr<runtime::Process> process_;
  std::optional<store::SecretKey> key_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<const snapshots::Placeholders> placeholders_;
  http::AddressPolicy addresses_;
  outputs::Published published_;
  std::unique_ptr<outputs::GzipVariants> variants_;
  std::unique_ptr<jobs::Refresher> refresher_;
  std::unique_ptr<jobs::Generator> generator_;
  std::unique_ptr<jobs::Workers> workers_;
  std::unique_ptr<jobs::Conductor> conductor_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Router> control_router_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<FileWatch> watch_;
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
  M3U_TRY(const jobs::TimeZone zone, jobs::TimeZone::find(config.time_zone));
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
  workers_ = std::make_unique<jobs::Workers>(
      *store_, options_.clock, jobs::Workers::Options{.owner = fmt::format("{}", ::getpid())});
  conductor_ = std::make_unique<jobs::Conductor>(
      *store_, loaded_.configuration, *refresher_, *generator_, options_.clock,
      jobs::Conductor::Options{.quiet_period = config.quiet_period,
                               .jitter = config.jitter,
                               .zone = zone,
                               .refresh = config.refresh},
      jobs::Conductor::Listeners{.model = [this](const auto&) { publish(); },
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

Result<std::shared_ptr<outputs::PublishedProxy>> Service::Parts::open_proxy(
    const jobs::ProxyEntry& entry) const {
  M3U_TRY(const auto rows, store_->generations().list(entry.id));
  std::shared_ptr<const snapshots::Snapshot> current;
  std::vector<std::shared_ptr<const snapshots::Snapshot>> older;
  std::int64_t made = 0;
  for (const store::GenerationRow& row : rows) {
    auto snapshot = generator_->open(entry.id, row.number);
    if (row.state == store::GenerationState::kCurrent) {
      if (!snapshot) return fail(snapshot.error());
      current = *std::move(snapshot);
      made = seconds_of(row.created);
    } else if (snapshot && row.state == store::GenerationState::kKept) {
      older.push_back(*std::move(snapshot));
    }
  }
  return outputs::PublishedProxy::make(entry.id, entry.config.name.name, std::move(current),
                                       std::move(older), made);
}

/// Puts what the store names in place of what was served.
void Service::Parts::publish() {
  const auto model = conductor_ ? conductor_->model() : nullptr;
  if (!model) return;
  std::vector<std::shared_ptr<outputs::PublishedProxy>> proxies;
  outputs::Published::Doors doors;
  for (const jobs::ProxyEntry& entry : model->proxies) {
    auto proxy = open_proxy(entry);
    if (!proxy) {
      log::error("outputs", "\"{}\" cannot be served: {}", entry.config.name.name,
                 to_string(proxy.error()));
      // Its addresses stay, and say that it is being made.
      proxy = outputs::PublishedProxy::make(entry.id, entry.config.name.name, nullptr, {}, 0);
      if (!proxy) continue;
    }
    proxies.push_back(*std::move(proxy));
    if (entry.config.is_public) doors.by_name.emplace(entry.config.name.name, entry.id);
    if (const auto token = output_token(*store_, *key_, entry.id, options_.clock()); !token)
      log::error("outputs", "{}", to_string(token.error()));
    if (const auto tokens = store_->tokens().list(store::TokenKind::kOutput, entry.id); tokens)
      for (const store::AccessToken& token : *tokens)
        doors.by_token_hash.emplace(token.hash, entry.id);
  }
  published_.replace(std::move(proxies), std::move(doors));
}

Result<> Service::Parts::listen() {
  config::HttpConfig config = loaded_.configuration.http;
  if (options_.listen) config.listen = *options_.listen;
  if (options_.public_url) config.public_url = *options_.public_url;
  M3U_TRY(addresses_, address_policy(config));
  M3U_TRY(http::TcpEndpoint endpoint, endpoint_of(config.listen));
  variants_ = std::make_unique<outputs::GzipVariants>(folder_->path() / "variants",
                                                      process_->slabs(), kGzipVariants);
  router_ = std::make_unique<http::Router>();
  control_router_ = std::make_unique<http::Router>();
  M3U_CHECK(outputs::add_output_routes(*router_, {.published = published_,
                                                  .variants = *variants_,
                                                  .placeholders = placeholders_,
                                                  .addresses = addresses_,
                                                  .budget = process_->budget(),
                                                  .slabs = process_->slabs()}));
  M3U_CHECK(add_status_routes(*router_, {.ready = [this] { return ready(); }}));
  M3U_CHECK(add_control_routes(*control_router_, {.store = *store_,
                                                  .conductor = *conductor_,
                                                  .refresher = *refresher_,
                                                  .generator = *generator_,
                                                  .workers = *workers_,
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
  M3U_TRY(server_, http::Server::start(std::move(server), process_->budget()));
  return {};
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
               .http_counters = [this] { return server_->counters(); }},
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
  if (!taken)
    log::error("config", "{} is not taken over: {}", options_.config->string(),
               to_string(taken.error()));
  else if (!taken->empty())
    log::info("config", "{}: {} new, {} changed, {} removed", options_.config->string(),
              taken->added.size(), taken->changed.size(), taken->removed.size());
}

Result<> Service::Parts::start() {
  M3U_TRY(loaded_, load_document(options_.config, options_.environment, options_.flags));
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
    watch_ = std::make_unique<FileWatch>(*options_.config, [this] { reload_file(); });
  return {};
}

void Service::Parts::stop(std::chrono::milliseconds within) {
  watch_.reset();
  if (server_) server_->stop(within);
  if (api_) api_->stop();
  if (conductor_) conductor_->stop();
  if (workers_) workers_->stop();
  server_.reset();
  variants_.reset();
}

std::string Service::Parts::address() const {
  if (addresses_.public_url) return http::to_string(*addresses_.public_url);
  return fmt::format("http://{}{}", server_->addresses().front(), addresses_.base_path);
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
