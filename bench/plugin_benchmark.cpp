// What it costs to start a plugin and to cross the border between it and the host.
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>

namespace m3u_proxy::plugin_host {
namespace {

/// Each chunk is given back as it is, after kHostCalls calls of the host.
constexpr std::int64_t kHostCalls = 1000;
constexpr std::string_view kModule = R"((module
  (import "m3u_proxy" "memory_pressure" (func $pressure (result i32)))
  (memory (export "memory") 16)
  (func (export "m3u_abi_version") (result i32) (i32.const 1))
  (func (export "m3u_alloc") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 64))
      (then (i32.const 4096))
      (else (i32.const 65536))))
  (func (export "m3u_free") (param i32 i32))
  (func (export "m3u_info") (param i32) (result i32) (i32.const -1))
  (func (export "m3u_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "m3u_can_handle_memory_pressure") (param i32) (result i32) (i32.const 1))
  (func (export "m3u_begin") (param i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "m3u_process_chunk") (param $in i32) (param $size i32) (param $out i32) (result i32)
    (local $left i32)
    (if (i32.eqz (local.get $size))
      (then
        (local.set $left (i32.const 1000))
        (loop $again
          (drop (call $pressure))
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
    (i32.store (local.get $out) (local.get $in))
    (i32.store offset=4 (local.get $out) (local.get $size))
    (i32.const 0))
  (func (export "m3u_finalize") (param i32) (result i32) (i32.const 2))
  (func (export "m3u_cleanup"))))";

constexpr std::string_view kManifest = R"([plugin]
name = "bench"
version = "1.0.0"
abi = 1
wasm = "bench.wat"
[capabilities]
stages = ["data_mapping"]
[permissions]
needs = ["memory_pressure"]
)";

/// A folder with the plugin and its compiled copy.
class Files {
 public:
  Files() : folder_(std::filesystem::temp_directory_path() / "m3u-proxy-plugin-benchmark") {
    (void)log::configure("off");
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "bench.wat") << kModule;
    std::ofstream(folder_ / "bench.toml") << kManifest;
    options_.cache = folder_ / "cache";
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  [[nodiscard]] std::shared_ptr<const Plugin> load() const {
    auto loaded = Plugin::load(folder_ / "bench.toml", options_);
    if (!loaded) throw std::runtime_error(to_string(loaded.error()));
    return *std::move(loaded);
  }
  [[nodiscard]] std::unique_ptr<PluginInstance> start(const Plugin& plugin) {
    plugins::Permissions permissions;
    permissions.add(plugins::Permission::kMemoryPressure);
    auto started = PluginInstance::create(plugin.module(), plugin.manifest(),
                                          {.budget = &budget_, .permissions = permissions});
    if (!started) throw std::runtime_error(to_string(started.error()));
    return *std::move(started);
  }

 private:
  std::filesystem::path folder_;
  CompileOptions options_;
  memory::Budget budget_;
};

void start_from_cache(benchmark::State& state) {
  Files files;
  benchmark::DoNotOptimize(files.load());
  for (auto _ : state) {
    const auto plugin = files.load();
    benchmark::DoNotOptimize(files.start(*plugin));
  }
}
BENCHMARK(start_from_cache)->Name("plugin: load from the cache and start")->UseRealTime();

void new_instance(benchmark::State& state) {
  Files files;
  const auto plugin = files.load();
  for (auto _ : state) benchmark::DoNotOptimize(files.start(*plugin));
}
BENCHMARK(new_instance)->Name("plugin: another instance")->UseRealTime();

void host_calls(benchmark::State& state) {
  Files files;
  const auto plugin = files.load();
  const auto instance = files.start(*plugin);
  for (auto _ : state) benchmark::DoNotOptimize(instance->process_chunk({}).value());
  // As items, so that the time of one is its inverse.
  state.SetItemsProcessed(state.iterations() * kHostCalls);
}
BENCHMARK(host_calls)->Name("plugin: 1000 host calls and a chunk");

void chunk(benchmark::State& state) {
  Files files;
  const auto plugin = files.load();
  const auto instance = files.start(*plugin);
  const std::vector<std::uint8_t> bytes(std::size_t{256} << 10U);
  for (auto _ : state) benchmark::DoNotOptimize(instance->process_chunk(bytes).value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(chunk)->Name("plugin: a chunk of 256 KB in and out");

}  // namespace
}  // namespace m3u_proxy::plugin_host
