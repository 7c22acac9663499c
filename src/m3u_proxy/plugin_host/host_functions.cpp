#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include <m3u_proxy/plugin_host/host_functions.hpp>
#include <m3u_proxy/plugin_host/wasm_instance.hpp>

namespace m3u_proxy::plugin_host {
namespace {

// Errors of WASI that we give.
constexpr std::int32_t kWasiOk = 0;
constexpr std::int32_t kWasiBadDescriptor = 8;
constexpr std::int32_t kWasiInvalid = 28;
constexpr std::int32_t kWasiNotSupported = 52;
constexpr std::int32_t kStandardOutput = 1;
constexpr std::int32_t kStandardError = 2;
/// The clock does not look at a module while the host works for it, so that has to end soon.
constexpr std::uint32_t kMostAtOnce = 65536;
constexpr std::uint32_t kMostVectors = 1024;

/// One call from a module: its arguments, the instance that calls, and where the result goes.
class HostCall {
 public:
  HostCall(wasmtime_caller_t* caller, wasmtime_val_raw_t* values)
      : instance_(*static_cast<WasmInstance*>(
            wasmtime_context_get_data(wasmtime_caller_context(caller)))),
        values_(values) {}

  [[nodiscard]] std::int32_t number(std::size_t i) const { return values_[i].i32; }
  [[nodiscard]] std::int64_t long_number(std::size_t i) const { return values_[i].i64; }
  [[nodiscard]] double real(std::size_t i) const { return values_[i].f64; }
  /// The buffer whose address and size are arguments i and i + 1.
  [[nodiscard]] std::optional<std::span<std::uint8_t>> buffer(std::size_t i) const {
    return instance_.bytes(static_cast<std::uint32_t>(values_[i].i32),
                           static_cast<std::uint32_t>(values_[i + 1].i32));
  }
  [[nodiscard]] std::optional<std::string_view> text(std::size_t i) const {
    const auto found = buffer(i);
    if (!found) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(found->data()), found->size());
  }
  [[nodiscard]] HostServices& services() const { return instance_.services(); }
  [[nodiscard]] WasmInstance& instance() const { return instance_; }

  wasm_trap_t* give(std::int32_t result) const {
    values_[0].i32 = result;
    return nullptr;
  }
  wasm_trap_t* give(HostResult result) const { return give(static_cast<std::int32_t>(result)); }
  [[nodiscard]] wasm_trap_t* give_long(std::int64_t result) const {
    values_[0].i64 = result;
    return nullptr;
  }
  /// Writes a number into the module's memory; false when there is no such place.
  template <typename T>
  [[nodiscard]] bool store(std::int32_t at, T value) const {
    const auto place = instance_.bytes(static_cast<std::uint32_t>(at), sizeof(T));
    if (place) std::memcpy(place->data(), &value, sizeof(T));
    return place.has_value();
  }

 private:
  WasmInstance& instance_;
  wasmtime_val_raw_t* values_;
};

/// No exception may pass through the frames of the engine: it ends the plugin's call.
template <auto kFunction>
wasm_trap_t* guarded(const HostCall& call) noexcept {
  try {
    return kFunction(call);
  } catch (const std::exception& exception) {
    const std::string_view message = exception.what();
    return wasmtime_trap_new(message.data(), message.size());
  }
}

template <auto kFunction>
wasm_trap_t* entry(void* /*env*/, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                   std::size_t /*count*/) {
  return guarded<kFunction>(HostCall(caller, values));
}

/// The same for a function that needs a permission and gives a HostResult without it.
template <plugins::Permission kPermission, auto kFunction>
wasm_trap_t* permitted(void* /*env*/, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                       std::size_t /*count*/) {
  const HostCall call(caller, values);
  if (!call.services().allows(kPermission)) return call.give(HostResult::kDenied);
  return guarded<kFunction>(call);
}

wasm_trap_t* log_line(const HostCall& call) {
  // Without the permission it is kept all the same, as the reason of a failure.
  if (const auto text = call.text(1)) call.services().log(call.number(0), *text);
  return nullptr;
}

wasm_trap_t* memory_usage(const HostCall& call) {
  if (!call.services().allows(plugins::Permission::kMemoryUsage)) return call.give_long(-1);
  return call.give_long(static_cast<std::int64_t>(call.services().memory_usage()));
}

wasm_trap_t* memory_pressure(const HostCall& call) {
  return call.give(static_cast<std::int32_t>(call.services().memory_pressure()));
}

wasm_trap_t* request_cleanup(const HostCall& call) {
  call.services().request_cleanup();
  return call.give(HostResult::kOk);
}

wasm_trap_t* temp_write(const HostCall& call) {
  const auto name = call.text(0);
  const auto data = call.text(2);
  if (!name || !data) return call.give(HostResult::kInvalid);
  return call.give(call.services().temp_write(*name, *data));
}

wasm_trap_t* temp_append(const HostCall& call) {
  const auto name = call.text(0);
  const auto data = call.text(2);
  if (!name || !data) return call.give(HostResult::kInvalid);
  return call.give(call.services().temp_append(*name, *data));
}

wasm_trap_t* temp_read(const HostCall& call) {
  const auto name = call.text(0);
  const auto out = call.buffer(3);
  if (!name || !out) return call.give(HostResult::kInvalid);
  return call.give(call.services().temp_read(*name, call.long_number(2), *out));
}

wasm_trap_t* temp_delete(const HostCall& call) {
  const auto name = call.text(0);
  if (!name) return call.give(HostResult::kInvalid);
  return call.give(call.services().temp_delete(*name));
}

wasm_trap_t* record_metric(const HostCall& call) {
  const auto name = call.text(0);
  if (name && call.services().allows(plugins::Permission::kRecordMetric))
    call.services().record_metric(*name, call.real(2));
  return nullptr;
}

wasm_trap_t* get_config(const HostCall& call) {
  const auto key = call.text(0);
  const auto out = call.buffer(2);
  if (!key || !out) return call.give(HostResult::kInvalid);
  return call.give(call.services().get_config(*key, *out));
}

constexpr std::array kHostFunctions = {
    HostFunction{"log", "iii", "", entry<log_line>, std::nullopt},  // keeps an error anyway
    HostFunction{"memory_usage", "", "I", entry<memory_usage>, plugins::Permission::kMemoryUsage},
    HostFunction{"memory_pressure", "", "i",
                 permitted<plugins::Permission::kMemoryPressure, memory_pressure>,
                 plugins::Permission::kMemoryPressure},
    HostFunction{"request_cleanup", "", "i",
                 permitted<plugins::Permission::kRequestCleanup, request_cleanup>,
                 plugins::Permission::kRequestCleanup},
    HostFunction{"temp_write", "iiii", "i", permitted<plugins::Permission::kTempFiles, temp_write>,
                 plugins::Permission::kTempFiles},
    HostFunction{"temp_append", "iiii", "i",
                 permitted<plugins::Permission::kTempFiles, temp_append>,
                 plugins::Permission::kTempFiles},
    HostFunction{"temp_read", "iiIii", "i", permitted<plugins::Permission::kTempFiles, temp_read>,
                 plugins::Permission::kTempFiles},
    HostFunction{"temp_delete", "ii", "i", permitted<plugins::Permission::kTempFiles, temp_delete>,
                 plugins::Permission::kTempFiles},
    HostFunction{"record_metric", "iiF", "", entry<record_metric>,
                 plugins::Permission::kRecordMetric},
    HostFunction{"get_config", "iiii", "i", permitted<plugins::Permission::kGetConfig, get_config>,
                 plugins::Permission::kGetConfig},
};

// --- WASI preview 1
// -------------------------------------------------------------------------------

/// fd_write(fd, iovs, iovs_len, nwritten); what is more than kMostAtOnce is left to another call.
wasm_trap_t* fd_write(const HostCall& call) {
  if (call.number(0) != kStandardOutput && call.number(0) != kStandardError)
    return call.give(kWasiBadDescriptor);
  std::uint32_t total = 0;
  const auto count = static_cast<std::uint32_t>(call.number(2));
  if (count > kMostVectors) return call.give(kWasiInvalid);
  for (std::uint32_t i = 0; i < count && total < kMostAtOnce; ++i) {
    const std::uint64_t at = static_cast<std::uint32_t>(call.number(1)) + std::uint64_t{8} * i;
    if (at > UINT32_MAX) return call.give(kWasiInvalid);
    const auto vector = call.instance().bytes(static_cast<std::uint32_t>(at), 8);
    if (!vector) return call.give(kWasiInvalid);
    std::array<std::uint32_t, 2> range{};
    std::memcpy(range.data(), vector->data(), sizeof(range));
    const auto text = call.instance().bytes(range[0], range[1]);
    if (!text) return call.give(kWasiInvalid);
    const std::uint32_t size = std::min(range[1], kMostAtOnce - total);
    call.services().print({reinterpret_cast<const char*>(text->data()), size});
    total += size;
  }
  return call.give(call.store(call.number(3), total) ? kWasiOk : kWasiInvalid);
}

/// fd_fdstat_get(fd, stat): a stream that can be written.
wasm_trap_t* fd_fdstat_get(const HostCall& call) {
  if (call.number(0) != kStandardOutput && call.number(0) != kStandardError)
    return call.give(kWasiBadDescriptor);
  std::array<std::uint8_t, 24> stat{};
  stat[0] = 2;         // a character device
  stat[8] = 1U << 6U;  // the right to write
  return call.give(call.store(call.number(1), stat) ? kWasiOk : kWasiInvalid);
}

wasm_trap_t* bad_descriptor(const HostCall& call) { return call.give(kWasiBadDescriptor); }

/// args_sizes_get, environ_sizes_get(count, size): none.
wasm_trap_t* no_sizes(const HostCall& call) {
  const bool stored =
      call.store(call.number(0), std::uint32_t{0}) && call.store(call.number(1), std::uint32_t{0});
  return call.give(stored ? kWasiOk : kWasiInvalid);
}

wasm_trap_t* nothing(const HostCall& call) { return call.give(kWasiOk); }

/// clock_time_get(id, precision, time)
wasm_trap_t* clock_time_get(const HostCall& call) {
  const bool stored = call.store(call.number(2), call.services().clock());
  return call.give(stored ? kWasiOk : kWasiInvalid);
}

/// clock_res_get(id, resolution)
wasm_trap_t* clock_res_get(const HostCall& call) {
  return call.give(call.store(call.number(1), std::int64_t{1}) ? kWasiOk : kWasiInvalid);
}

/// random_get(buffer, size)
wasm_trap_t* random_get(const HostCall& call) {
  const auto out = call.buffer(0);
  if (!out || out->size() > kMostAtOnce) return call.give(kWasiInvalid);
  call.services().random(*out);
  return call.give(kWasiOk);
}

wasm_trap_t* proc_exit(const HostCall& /*call*/) {
  constexpr std::string_view kMessage = "it called exit";
  return wasmtime_trap_new(kMessage.data(), kMessage.size());
}

constexpr std::array kWasiFunctions = {
    HostFunction{"fd_write", "iiii", "i", entry<fd_write>, std::nullopt},
    HostFunction{"fd_fdstat_get", "ii", "i", entry<fd_fdstat_get>, std::nullopt},
    HostFunction{"fd_close", "i", "i", entry<bad_descriptor>, std::nullopt},
    HostFunction{"fd_seek", "iIii", "i", entry<bad_descriptor>, std::nullopt},
    HostFunction{"fd_prestat_get", "ii", "i", entry<bad_descriptor>, std::nullopt},
    HostFunction{"args_sizes_get", "ii", "i", entry<no_sizes>, std::nullopt},
    HostFunction{"args_get", "ii", "i", entry<nothing>, std::nullopt},
    HostFunction{"environ_sizes_get", "ii", "i", entry<no_sizes>, std::nullopt},
    HostFunction{"environ_get", "ii", "i", entry<nothing>, std::nullopt},
    HostFunction{"clock_time_get", "iIi", "i", entry<clock_time_get>, std::nullopt},
    HostFunction{"clock_res_get", "ii", "i", entry<clock_res_get>, std::nullopt},
    HostFunction{"random_get", "ii", "i", entry<random_get>, std::nullopt},
    HostFunction{"sched_yield", "", "i", entry<nothing>, std::nullopt},
    HostFunction{"proc_exit", "i", "", entry<proc_exit>, std::nullopt},
};

template <std::size_t kCount>
const HostFunction* find(const std::array<HostFunction, kCount>& functions, std::string_view name) {
  const auto* const found = std::ranges::find(functions, name, &HostFunction::name);
  return found == functions.end() ? nullptr : found;
}

wasm_valtype_vec_t make_types(std::string_view letters) {
  std::vector<wasm_valtype_t*> types;
  for (const char letter : letters) {
    wasm_valkind_t kind = WASM_I32;
    if (letter == 'I') kind = WASM_I64;
    if (letter == 'f') kind = WASM_F32;
    if (letter == 'F') kind = WASM_F64;
    types.push_back(wasm_valtype_new(kind));
  }
  wasm_valtype_vec_t out;
  wasm_valtype_vec_new(&out, types.size(), types.data());
  return out;
}

}  // namespace

const HostFunction* find_host_function(std::string_view name) { return find(kHostFunctions, name); }

const HostFunction* find_wasi_function(std::string_view name) { return find(kWasiFunctions, name); }

wasm_trap_t* wasi_not_supported(void* /*env*/, wasmtime_caller_t* /*caller*/,
                                wasmtime_val_raw_t* values, std::size_t count) {
  if (count != 0) values[0].i32 = kWasiNotSupported;
  return nullptr;
}

FunctionTypePtr make_type(std::string_view parameters, std::string_view results) {
  wasm_valtype_vec_t in = make_types(parameters);
  wasm_valtype_vec_t out = make_types(results);
  return FunctionTypePtr(wasm_functype_new(&in, &out));
}

}  // namespace m3u_proxy::plugin_host
