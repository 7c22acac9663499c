#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/service/proxy_runner.hpp>
#include <m3u_proxy/service/proxy_service.hpp>

namespace m3u_proxy::service {
namespace {

std::int64_t system_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

Result<> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return fail(system_error("cannot make the folder " + folder.string(), error.value()));
  return {};
}

config::SourceConfig source_config(std::string name, std::string location) {
  config::SourceConfig source;
  source.name.name = std::move(name);
  source.location = std::move(location);
  return source;
}

}  // namespace

struct GeneratedText::Content {
  std::shared_ptr<const void> owner;  // of the account; goes after `bytes`
  io::Buffer bytes;
  std::size_t size = 0;
};

std::string_view GeneratedText::view() const {
  return content_ ? std::string_view(content_->bytes.data(), content_->size) : std::string_view{};
}

struct ProxyService::State {
  StorageConfig storage;
  config::Configuration configuration;
  ServiceOptions options;
  CancelToken never;
  std::mutex mutex;                     // of everything here, and of a whole generation
  std::unique_ptr<ProxyRunner> runner;  // made when it is first needed

  [[nodiscard]] std::int64_t now() const { return options.now.value_or(system_time()); }

  Result<ProxyRunner*> prepare() {
    if (runner) return runner.get();
    M3U_CHECK(make_folder(storage.spill_dir));
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    M3U_TRY(runner,
            ProxyRunner::create(configuration,
                                {.out = storage.output_dir,
                                 .cache_dir = storage.cache_dir,
                                 .threads = options.threads != 0 ? options.threads : processors,
                                 .now = now(),
                                 .cancel = options.cancel != nullptr ? options.cancel : &never,
                                 .progress = options.progress,
                                 .alerts = options.alerts}));
    return runner.get();
  }
};

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
  if (state_->runner) state_->runner->configure_cleanup();
}

Result<ResolvedProxyConfig> ProxyService::resolve(std::string_view proxy_name) {
  const std::scoped_lock lock(state_->mutex);
  std::vector<std::string_view> names;
  for (const config::ProxyConfig& proxy : state_->configuration.proxies) {
    if (proxy.name.name == proxy_name) {
      M3U_TRY(ProxyRunner* const runner, state_->prepare());
      return runner->resolve(proxy);
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
  M3U_TRY(ProxyRunner* const runner, state_->prepare());
  return runner->playlist_source(source_config(std::move(name), std::move(location)));
}

Result<guide::GuideSource> ProxyService::guide_source(std::string name, std::string location) {
  const std::scoped_lock lock(state_->mutex);
  M3U_TRY(ProxyRunner* const runner, state_->prepare());
  // Matching by name reads a guide twice; what can be read only once is kept for that.
  return runner->guide_source(source_config(std::move(name), std::move(location)),
                              guide::GuideMatch::kName);
}

Result<GeneratedText> ProxyService::read_text(const std::shared_ptr<State>& state,
                                              const io::AtomicFile& file) {
  const std::string path = file.temporary().string();
  const auto content = std::make_shared<GeneratedText::Content>();
  content->owner = state;
  auto bytes = io::Buffer::allocate(state->runner->budget(), memory::Tag::kOutput,
                                    static_cast<std::size_t>(file.written()));
  if (!bytes) {
    bytes.error().hint = "use GenerationOutput::kFile, or raise the memory limit";
    return fail(std::move(bytes).error());
  }
  content->bytes = *std::move(bytes);
  const io::Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) return fail(system_error("cannot read " + path, errno));
  const auto size = static_cast<std::size_t>(file.written());
  while (content->size < size) {
    const auto rest = content->bytes.bytes().subspan(content->size, size - content->size);
    M3U_TRY(const std::size_t read,
            io::read_some_at(descriptor.get(), content->size, rest, "cannot read " + path));
    if (read == 0) return fail(ErrorCode::kIo, path + " has become shorter");
    content->size += read;
  }
  GeneratedText text;
  text.content_ = content;
  return text;
}

Result<ProxyGeneration> ProxyService::generate_in_memory(const std::shared_ptr<State>& state,
                                                         ResolvedProxyConfig config) {
  // The pipeline writes its files as always, but into the spill folder and without a sync; they
  // are read into reserved memory when they are complete. So a result is in memory only once, and
  // only when the work that needed memory is done.
  config.compress = false;
  generation::OutputPaths outputs = state->runner->outputs(config.name);
  outputs.playlist = outputs.spill_folder / outputs.playlist.filename();
  outputs.guide = outputs.spill_folder / outputs.guide.filename();
  ProxyGeneration out;
  outputs.receive = [&](const io::AtomicFile& file) -> Result<> {
    GeneratedText& text = file.target().extension() == ".m3u" ? out.playlist : out.guide;
    M3U_TRY(text, read_text(state, file));
    return {};
  };
  M3U_TRY(out.stats, state->runner->generate(config, outputs));
  out.stats.playlist_path.clear();
  out.stats.guide_path.clear();
  return out;
}

Result<ProxyGeneration> ProxyService::generate_proxy_with_config(const ResolvedProxyConfig& config,
                                                                 GenerationOutput output,
                                                                 std::string_view base_url) {
  const std::scoped_lock lock(state_->mutex);
  M3U_TRY(ProxyRunner* const runner, state_->prepare());
  runner->begin_run(state_->now());
  ResolvedProxyConfig with_url = config;
  if (!base_url.empty()) {
    while (base_url.ends_with('/')) base_url.remove_suffix(1);
    with_url.base_url = base_url;
  }
  // Between two generations nothing waits on disk.
  const std::unique_ptr<ProxyRunner, void (*)(ProxyRunner*)> at_end(
      runner, [](ProxyRunner* r) { r->end_run(); });
  if (output == GenerationOutput::kInMemory) return generate_in_memory(state_, std::move(with_url));
  ProxyGeneration out;
  M3U_TRY(out.stats, runner->generate(with_url, runner->outputs(with_url.name)));
  return out;
}

}  // namespace m3u_proxy::service
