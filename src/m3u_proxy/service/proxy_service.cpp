#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/runtime/system_time.hpp>
#include <m3u_proxy/service/proxy_service_state.hpp>

namespace m3u_proxy::service {
namespace {

config::SourceConfig source_config(std::string name, std::string location) {
  config::SourceConfig source;
  source.name.name = std::move(name);
  source.location = std::move(location);
  return source;
}

}  // namespace

Result<> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return fail(system_error("cannot make the folder " + folder.string(), error.value()));
  return {};
}

struct GeneratedText::Content {
  std::shared_ptr<const void> owner;  // of the account; goes after `text`
  generation::MemoryPublisher::Text text;
};

std::string_view GeneratedText::view() const {
  return content_ ? content_->text.view() : std::string_view{};
}

std::int64_t ProxyService::State::now() const {
  return options.now.value_or(runtime::system_time());
}

Result<> ProxyService::State::prepare() {
  if (run) return {};
  M3U_CHECK(make_folder(storage.spill_dir));
  M3U_TRY(process,
          runtime::Process::create(runtime::process_options(configuration, storage.output_dir)));
  if (!storage.output_dir.empty()) M3U_CHECK(runtime::prepare_output_folder(storage.output_dir));
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  runtime::RunOptions running = runtime::run_options(configuration);
  running.cache_dir = storage.cache_dir;
  running.threads = options.threads != 0 ? options.threads : processors;
  running.now = now();
  running.cancel = options.cancel;
  running.progress = options.progress;
  running.alerts = options.alerts;
  run = std::make_unique<runtime::Run>(*process, std::move(running));
  return {};
}

ProxyService::ProxyService(StorageConfig storage, config::Configuration configuration,
                           ServiceOptions options)
    : state_(std::make_shared<State>()) {
  if (!storage.spill_dir.empty()) configuration.proxy_memory.spill_dir = storage.spill_dir.string();
  if (storage.max_spill_mb != 0) configuration.proxy_memory.max_spill_mb = storage.max_spill_mb;
  state_->storage = std::move(storage);
  state_->configuration = std::move(configuration);
  state_->options = options;
}

void ProxyService::configure_memory_management(const memory::MemoryCleanupConfig& config) {
  const std::scoped_lock lock(state_->mutex);
  state_->configuration.memory_cleanup = config;
  if (state_->process) state_->process->set_cleanup(config);
}

Result<ResolvedProxyConfig> ProxyService::resolve(std::string_view proxy_name) {
  const std::scoped_lock lock(state_->mutex);
  std::vector<std::string_view> names;
  for (const config::ProxyConfig& proxy : state_->configuration.proxies) {
    if (proxy.name.name == proxy_name) {
      M3U_CHECK(state_->prepare());
      return runtime::resolve(state_->configuration, proxy, *state_->run);
    }
    names.push_back(proxy.name.name);
  }
  const std::string_view close = closest_word(proxy_name, names);
  return fail(ErrorCode::kConfig,
              fmt::format("the configuration has no proxy called \"{}\"", excerpt(proxy_name)),
              close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
}

Result<channels::PlaylistSource> ProxyService::playlist_source(std::string name,
                                                               std::string location) {
  const std::scoped_lock lock(state_->mutex);
  M3U_CHECK(state_->prepare());
  return state_->run->sources().playlist(source_config(std::move(name), std::move(location)));
}

Result<guide::EpgSource> ProxyService::epg_source(std::string name, std::string location) {
  const std::scoped_lock lock(state_->mutex);
  M3U_CHECK(state_->prepare());
  return state_->run->sources().guide(source_config(std::move(name), std::move(location)),
                                      runtime::GuideReads::kTwice);
}

Result<ProxyGeneration> ProxyService::generate_in_memory(const std::shared_ptr<State>& state,
                                                         ResolvedProxyConfig config,
                                                         generation::RunHistoryStore* history) {
  config.compress = false;
  generation::MemoryPublisher publisher(state->process->spill_folder(), config.name,
                                        state->process->budget());
  ProxyGeneration out;
  M3U_TRY(out.stats, state->run->generate(config, {.publisher = publisher, .history = history}));
  const auto take = [&](generation::OutputFile file, GeneratedText& into) {
    if (publisher.text(file).size == 0) return;
    auto content = std::make_shared<GeneratedText::Content>();
    content->owner = state;
    content->text = std::move(publisher.text(file));
    into.content_ = std::move(content);
  };
  take(generation::OutputFile::kPlaylist, out.playlist);
  take(generation::OutputFile::kGuide, out.guide);
  return out;
}

/// With the lock held, and everything prepared.
Result<ProxyGeneration> ProxyService::generate(const std::shared_ptr<State>& state,
                                               ResolvedProxyConfig config, GenerationOutput output,
                                               std::string_view base_url,
                                               generation::RunHistoryStore* history) {
  runtime::Run& run = *state->run;
  run.restart(state->now());
  if (!base_url.empty()) {
    while (base_url.ends_with('/')) base_url.remove_suffix(1);
    config.base_url = base_url;
  }
  // Between two generations nothing waits on disk.
  const std::unique_ptr<runtime::Run, void (*)(runtime::Run*)> at_end(
      &run, [](runtime::Run* r) { r->finish(); });
  if (output == GenerationOutput::kInMemory)
    return generate_in_memory(state, std::move(config), history);
  generation::FilePublisher publisher(
      generation::OutputPaths::in(state->storage.output_dir, config.name));
  generation::HistoryFiles files(state->storage.output_dir);
  ProxyGeneration out;
  M3U_TRY(out.stats, run.generate(config, {.publisher = publisher,
                                           .history = history != nullptr ? history : &files}));
  return out;
}

Result<ProxyGeneration> ProxyService::generate_proxy_with_config(const ResolvedProxyConfig& config,
                                                                 GenerationOutput output,
                                                                 std::string_view base_url) {
  const std::scoped_lock lock(state_->mutex);
  M3U_CHECK(state_->prepare());
  return generate(state_, config, output, base_url, nullptr);
}

}  // namespace m3u_proxy::service
