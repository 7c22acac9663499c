#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/plugin_host/host_functions.hpp>
#include <m3u_proxy/plugin_host/host_services.hpp>
#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_host/wasm_instance.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int32_t kAbiVersion = 1;
constexpr std::uint32_t kAlignment = 16;
constexpr std::uint32_t kOutSize = 8;
constexpr std::size_t kMaxInfo = std::size_t{64} << 10U;

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

struct PluginInstance::Calls {
  wasmtime_func_t abi_version;
  wasmtime_func_t alloc;
  wasmtime_func_t free;
  wasmtime_func_t info;
  wasmtime_func_t init;
  wasmtime_func_t can_handle;
  wasmtime_func_t begin;
  wasmtime_func_t process_chunk;
  wasmtime_func_t finalize;
  wasmtime_func_t cleanup;
};

PluginInstance::PluginInstance(InstanceOptions options, const plugins::Manifest& manifest)
    : options_(std::move(options)),
      name_(manifest.name),
      services_(std::make_unique<HostServices>(
          HostServices::Options{.plugin = manifest.name,
                                .permissions = options_.permissions,
                                .config_json = options_.config_json,
                                .budget = options_.budget,
                                .spill = options_.spill,
                                .temp_quota = options_.temp_quota,
                                .now = options_.now,
                                .pressure = options_.pressure,
                                .request_cleanup = options_.request_cleanup})),
      calls_(std::make_unique<Calls>()) {}

PluginInstance::~PluginInstance() = default;

Result<std::unique_ptr<PluginInstance>> PluginInstance::create(
    const std::shared_ptr<const WasmModule>& module, const plugins::Manifest& manifest,
    InstanceOptions options) {
  std::unique_ptr<PluginInstance> out(new PluginInstance(std::move(options), manifest));
  M3U_TRY(out->wasm_, WasmInstance::create(module, *out->services_,
                                           {.budget = out->options_.budget,
                                            .max_memory = out->options_.max_memory,
                                            .cancel = out->options_.cancel},
                                           Clock::now() + out->options_.call_timeout));
  M3U_CHECK(out->find_exports());
  M3U_CHECK(out->start());
  return out;
}

Result<> PluginInstance::find_exports() {
  struct Export {
    std::string_view name;
    std::string_view parameters;
    std::string_view results;
    wasmtime_func_t* to;
  };
  if (wasm_->memory().empty()) return break_rule("it does not export its memory");
  const std::array exports = {
      Export{"m3u_abi_version", "", "i", &calls_->abi_version},
      Export{"m3u_alloc", "i", "i", &calls_->alloc},
      Export{"m3u_free", "ii", "", &calls_->free},
      Export{"m3u_info", "i", "i", &calls_->info},
      Export{"m3u_init", "ii", "i", &calls_->init},
      Export{"m3u_can_handle_memory_pressure", "i", "i", &calls_->can_handle},
      Export{"m3u_begin", "iiii", "i", &calls_->begin},
      Export{"m3u_process_chunk", "iii", "i", &calls_->process_chunk},
      Export{"m3u_finalize", "i", "i", &calls_->finalize},
      Export{"m3u_cleanup", "", "", &calls_->cleanup},
  };
  for (const Export& wanted : exports) {
    const auto found = wasm_->find_function(wanted.name, wanted.parameters, wanted.results);
    if (!found)
      return break_rule(fmt::format("it does not export {} with the type {}", wanted.name,
                                    describe(*make_type(wanted.parameters, wanted.results))));
    *wanted.to = *found;
  }
  return {};
}

Result<> PluginInstance::start() {
  if (const auto initialize = wasm_->find_function("_initialize", "", ""))
    M3U_CHECK(call(&*initialize, {}));
  M3U_TRY(const std::int32_t version, call(&calls_->abi_version, {}));
  if (version != kAbiVersion)
    return break_rule(
        fmt::format("it is made for version {} of the ABI, not for {}", version, kAbiVersion));
  M3U_TRY(out_, allocate(kOutSize));
  M3U_TRY(const std::uint32_t config, put(as_bytes(options_.config_json)));
  const auto size = static_cast<std::uint32_t>(options_.config_json.size());
  M3U_TRY(const std::int32_t result, call(&calls_->init, {static_cast<std::int32_t>(config),
                                                          static_cast<std::int32_t>(size)}));
  if (result < 0)
    return fail(ErrorCode::kPlugin,
                fmt::format("it refuses its configuration: {}", reason(result)));
  return free(config, size);
}

/// What it said of its failure.
std::string PluginInstance::reason(std::int32_t result) {
  std::string said = services_->take_error();
  return said.empty() ? fmt::format("error {}", result) : said;
}

std::unexpected<Error> PluginInstance::break_rule(std::string message) {
  wasm_->set_broken();
  return fail(ErrorCode::kPlugin, std::move(message));
}

Result<std::int32_t> PluginInstance::call(const void* function,
                                          std::initializer_list<std::int32_t> arguments) {
  const auto begin = Clock::now();
  // A short call is never looked at while it runs.
  if (options_.cancel != nullptr && options_.cancel->cancelled())
    return fail(ErrorCode::kCancelled, "stopped on request");
  const std::chrono::nanoseconds left = options_.total_timeout - spent_;
  const auto deadline = begin + std::min<std::chrono::nanoseconds>(options_.call_timeout, left);
  services_->set_deadline(deadline);
  auto result = wasm_->call(*static_cast<const wasmtime_func_t*>(function), arguments, deadline);
  spent_ += Clock::now() - begin;
  return result;
}

Result<std::uint32_t> PluginInstance::allocate(std::uint32_t size) {
  wasm_->account().starved = false;
  M3U_TRY(const std::int32_t result, call(&calls_->alloc, {static_cast<std::int32_t>(size)}));
  const auto address = static_cast<std::uint32_t>(result);
  if (address == 0) {
    if (wasm_->account().starved)
      return fail(options_.budget->over_budget(memory::Tag::kPlugin, {size}));
    return fail(ErrorCode::kPlugin, fmt::format("it has no memory for a buffer of {} bytes", size),
                "raise max_memory_per_plugin");
  }
  if (address % kAlignment != 0 || !wasm_->bytes(address, size))
    return break_rule(
        fmt::format("m3u_alloc({}) gave {}, which is no buffer of this size", size, address));
  return address;
}

Result<> PluginInstance::free(std::uint32_t address, std::uint32_t size) {
  M3U_CHECK(
      call(&calls_->free, {static_cast<std::int32_t>(address), static_cast<std::int32_t>(size)}));
  return {};
}

Result<std::uint32_t> PluginInstance::put(std::span<const std::uint8_t> bytes) {
  return put(bytes.size(), [&](std::uint8_t* to) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  });
}

Result<std::uint32_t> PluginInstance::put(std::size_t size, const WriteChunk& write) {
  if (size > INT32_MAX)
    return fail(ErrorCode::kPlugin, "a chunk is larger than any plugin's memory");
  M3U_TRY(const std::uint32_t address, allocate(static_cast<std::uint32_t>(size)));
  write(wasm_->bytes(address, static_cast<std::uint32_t>(size))->data());
  return address;
}

Result<> PluginInstance::free_answer() {
  const Buffer buffer = std::exchange(answer_, {});
  return buffer.address == 0 ? Result<>() : free(buffer.address, buffer.size);
}

/// What is at out_ after a call that gave `result`; `in`: its input, which may be the answer.
Result<Answer> PluginInstance::take_answer(std::int32_t result, Buffer in, std::string_view what) {
  std::array<std::uint32_t, 2> found{};
  const auto place = wasm_->bytes(out_, kOutSize);
  if (!place) return break_rule("its memory shrank");
  std::memcpy(found.data(), place->data(), sizeof(found));
  const bool same = result == 0 && in.address != 0 && found[0] == in.address;
  // An input that comes back keeps the size that it was allocated with.
  if (!same && in.address != 0) M3U_CHECK(free(in.address, in.size));
  if (result < 0) return fail(ErrorCode::kPlugin, reason(result));
  if (result == 1) return Answer{.kind = AnswerKind::kNone};
  if (result == 2) return Answer{.kind = AnswerKind::kDone};
  if (result != 0) return break_rule(fmt::format("{} gave {}, which means nothing", what, result));
  const auto bytes = wasm_->bytes(found[0], found[1]);
  if (!bytes || found[0] == 0 || (same && found[1] > in.size))
    return break_rule(fmt::format("{} answered with {} bytes at {}, which is not in its memory",
                                  what, found[1], found[0]));
  answer_ = {.address = found[0], .size = same ? in.size : found[1]};
  return Answer{.kind = AnswerKind::kBatch, .bytes = *bytes};
}

Result<plugins::PluginInfo> PluginInstance::info() {
  M3U_CHECK(free_answer());
  M3U_TRY(const std::int32_t result, call(&calls_->info, {static_cast<std::int32_t>(out_)}));
  M3U_TRY(const Answer answer, take_answer(result, {}, "m3u_info"));
  if (answer.kind != AnswerKind::kBatch || answer.bytes.size() > kMaxInfo)
    return fail(ErrorCode::kPlugin, "m3u_info gives no information");
  const std::string json(reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size());
  M3U_CHECK(free_answer());
  auto info = plugins::parse_info(json);
  if (!info) return fail(ErrorCode::kPlugin, "m3u_info: " + to_string(info.error()));
  return info;
}

Result<> PluginInstance::begin(plugins::PluginStage stage, std::string_view context_json) {
  spent_ = {};
  services_->take_error();  // what was said before explains nothing that comes
  M3U_CHECK(free_answer());
  const std::string_view stage_name = to_string(stage);
  M3U_TRY(const std::uint32_t name, put(as_bytes(stage_name)));
  M3U_TRY(const std::uint32_t context, put(as_bytes(context_json)));
  const auto name_size = static_cast<std::uint32_t>(stage_name.size());
  const auto context_size = static_cast<std::uint32_t>(context_json.size());
  M3U_TRY(const std::int32_t result,
          call(&calls_->begin,
               {static_cast<std::int32_t>(name), static_cast<std::int32_t>(name_size),
                static_cast<std::int32_t>(context), static_cast<std::int32_t>(context_size)}));
  M3U_CHECK(free(name, name_size));
  M3U_CHECK(free(context, context_size));
  if (result < 0) return fail(ErrorCode::kPlugin, reason(result));
  return {};
}

Result<Answer> PluginInstance::process_chunk(std::span<const std::uint8_t> chunk) {
  return process_chunk(chunk.size(), [&](std::uint8_t* to) {
    if (!chunk.empty()) std::memcpy(to, chunk.data(), chunk.size());
  });
}

Result<Answer> PluginInstance::process_chunk(std::size_t chunk_size, const WriteChunk& write) {
  services_->take_error();
  M3U_CHECK(free_answer());
  M3U_TRY(const std::uint32_t in, put(chunk_size, write));
  const auto size = static_cast<std::uint32_t>(chunk_size);
  M3U_TRY(
      const std::int32_t result,
      call(&calls_->process_chunk, {static_cast<std::int32_t>(in), static_cast<std::int32_t>(size),
                                    static_cast<std::int32_t>(out_)}));
  M3U_TRY(const Answer answer,
          take_answer(result, {.address = in, .size = size}, "m3u_process_chunk"));
  if (answer.kind == AnswerKind::kDone)
    return break_rule("m3u_process_chunk gave 2, which only m3u_finalize may");
  return answer;
}

Result<Answer> PluginInstance::finalize() {
  services_->take_error();
  M3U_CHECK(free_answer());
  M3U_TRY(const std::int32_t result, call(&calls_->finalize, {static_cast<std::int32_t>(out_)}));
  M3U_TRY(const Answer answer, take_answer(result, {}, "m3u_finalize"));
  if (answer.kind == AnswerKind::kDone) services_->drop_temp_files();
  return answer;
}

Result<> PluginInstance::cleanup() {
  services_->drop_temp_files();
  M3U_CHECK(free_answer());
  M3U_CHECK(call(&calls_->cleanup, {}));
  return {};
}

Result<bool> PluginInstance::can_handle_memory_pressure(memory::MemoryPressureLevel level) {
  M3U_TRY(const std::int32_t result, call(&calls_->can_handle, {static_cast<std::int32_t>(level)}));
  if (result != 0 && result != 1)
    return break_rule(
        fmt::format("m3u_can_handle_memory_pressure gave {}, neither 0 nor 1", result));
  told_ = level;
  return result == 1;
}

bool PluginInstance::broken() const { return wasm_->broken(); }
bool PluginInstance::starved() const { return wasm_->account().starved; }
Bytes PluginInstance::memory_size() const { return wasm_->account().size; }
const Metrics& PluginInstance::metrics() const { return services_->metrics(); }

Bytes PluginInstance::note_generation(std::uint64_t chunks) {
  if (chunks <= most_chunks_) grown_ += memory_size() - last_size_;
  most_chunks_ = std::max(most_chunks_, chunks);
  last_size_ = memory_size();
  return grown_;
}

void PluginInstance::set_run(Run run) {
  services_->begin_run(run.now, run.spill);
  services_->set_pressure(std::move(run.pressure));
  options_.cancel = run.cancel;
  wasm_->set_cancel(run.cancel);
  wasm_->account().starved = false;
}

}  // namespace m3u_proxy::plugin_host
