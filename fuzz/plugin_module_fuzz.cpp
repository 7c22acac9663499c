// Fuzz target: modules of plugins, as binaries and as text.
//
// Whatever the module, it ends in its time, stays within its memory, and gives all of it back.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::plugin_host;
using namespace m3u_proxy::plugins;

constexpr std::size_t kLargest = 8192;  // the engine's compiler takes its time over more
constexpr Bytes kMemory = mib(2);

void require(bool holds) {
  if (!holds) std::abort();
}

void generate(PluginInstance& plugin) {
  if (!plugin.info() || !plugin.begin(PluginStage::kDataMapping, R"({"abi":1,"sources":[]})"))
    return;
  static_cast<void>(plugin.can_handle_memory_pressure(memory::MemoryPressureLevel::kCritical));
  const std::vector<std::uint8_t> chunk(300, 7);
  for (int i = 0; i < 3 && !plugin.broken(); ++i) {
    const auto answer = plugin.process_chunk(chunk);
    if (!answer) break;
    // What it gave is in its memory, to the last byte.
    std::uint8_t all = 0;
    for (const std::uint8_t byte : answer->bytes) all ^= byte;
    [[maybe_unused]] const volatile std::uint8_t read = all;
  }
  for (int i = 0; i < 3 && !plugin.broken(); ++i)
    if (const auto answer = plugin.finalize(); !answer || answer->kind == AnswerKind::kDone) break;
  if (!plugin.broken()) static_cast<void>(plugin.cleanup());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kLargest) return 0;
  auto compiled = WasmModule::compile({data, size});
  if (!compiled) return 0;
  const auto module = WasmModule::link(*std::move(compiled));
  if (!module) return 0;
  memory::Budget budget(mib(16));
  {
    InstanceOptions options{.budget = &budget, .max_memory = kMemory};
    for (std::size_t i = 0; i < kPermissionCount; ++i)
      options.permissions.add(static_cast<Permission>(i));
    options.call_timeout = std::chrono::milliseconds(20);
    options.total_timeout = std::chrono::milliseconds(60);
    const Manifest manifest{.name = "test"};
    const auto plugin = PluginInstance::create(*module, manifest, options);
    if (plugin) generate(**plugin);
    require(!plugin || (*plugin)->memory_size() <= kMemory);
    require(budget.used() <= kMemory);
  }
  require(budget.used() == Bytes{});
  return 0;
}
