#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/plugin_host/host_functions.hpp>
#include <m3u_proxy/plugin_host/wasm_instance.hpp>

namespace m3u_proxy::plugin_host {
namespace {

/// A call is looked at so often: each time it costs some hundred nanoseconds.
constexpr std::uint64_t kTicksBetweenLooks = 2;
constexpr std::int64_t kMaxTableElements = 100'000;

constexpr const char* kStopMessage = "stopped by the host";

std::string take_message(wasm_trap_t* trap) {
  wasm_message_t text;
  wasm_trap_message(trap, &text);
  std::string message(text.data, text.size);
  wasm_byte_vec_delete(&text);
  while (!message.empty() && message.back() == '\0') message.pop_back();
  return message;
}

std::string_view describe(wasmtime_trap_code_t code) {
  switch (code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
      return "its stack is full";
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
      return "it used memory that it does not have";
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
      return "it gave up (unreachable)";
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
      return "it divided by zero";
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
      return "it called a function that there is not";
    default:
      return {};
  }
}

/// The last line of a chain of messages: its cause.
std::string_view cause(std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' '))
    message.remove_suffix(1);
  return message.substr(message.rfind('\n') + 1);
}

}  // namespace

WasmInstance::WasmInstance(std::shared_ptr<const WasmModule> module, HostServices& services,
                           const Options& options)
    : module_(std::move(module)),
      services_(&services),
      account_{.budget = options.budget, .max = options.max_memory},
      cancel_(options.cancel),
      store_(wasmtime_store_new(WasmEngine::get().engine(), this, nullptr)),
      context_(wasmtime_store_context(store_.get())) {
  wasmtime_store_limiter(store_.get(), static_cast<std::int64_t>(options.max_memory.count),
                         kMaxTableElements, 1, 4, 1);
  wasmtime_store_epoch_deadline_callback(store_.get(), on_tick, this, nullptr);
}

WasmInstance::~WasmInstance() = default;

Result<std::unique_ptr<WasmInstance>> WasmInstance::create(std::shared_ptr<const WasmModule> module,
                                                           HostServices& services,
                                                           const Options& options,
                                                           Deadline deadline) {
  std::unique_ptr<WasmInstance> out(new WasmInstance(std::move(module), services, options));
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error = nullptr;
  out->deadline_ = deadline;
  {
    const WasmEngine::PaidBy paid(out->account_);
    const WasmEngine::Running running;
    wasmtime_context_set_epoch_deadline(out->context_, kTicksBetweenLooks);
    error = wasmtime_instance_pre_instantiate(&out->module_->pre(), out->context_, &out->instance_,
                                              &trap);
  }
  if (error != nullptr || trap != nullptr) return fail(out->take_failure(error, trap));
  wasmtime_extern_t found;
  if (wasmtime_instance_export_get(out->context_, &out->instance_, "memory", 6, &found)) {
    if (found.kind == WASMTIME_EXTERN_MEMORY) out->memory_ = found.of.memory;
    wasmtime_extern_delete(&found);
  }
  return out;
}

std::optional<wasmtime_func_t> WasmInstance::find_function(std::string_view name,
                                                           std::string_view parameters,
                                                           std::string_view results) {
  wasmtime_extern_t found;
  if (!wasmtime_instance_export_get(context_, &instance_, name.data(), name.size(), &found))
    return std::nullopt;
  std::optional<wasmtime_func_t> function;
  if (found.kind == WASMTIME_EXTERN_FUNC) {
    const FunctionTypePtr type(wasmtime_func_type(context_, &found.of.func));
    if (describe(*type) == describe(*make_type(parameters, results))) function = found.of.func;
  }
  wasmtime_extern_delete(&found);
  return function;
}

Result<std::int32_t> WasmInstance::call(const wasmtime_func_t& function,
                                        std::initializer_list<std::int32_t> arguments,
                                        Deadline deadline) {
  if (broken_) return fail(ErrorCode::kPlugin, "it broke before");
  constexpr std::size_t kMost = 8;
  std::array<wasmtime_val_raw_t, kMost> values{};
  std::size_t count = 0;
  for (const std::int32_t argument : arguments) values[count++].i32 = argument;
  deadline_ = deadline;
  wasm_trap_t* trap = nullptr;
  const WasmEngine::Running running;
  wasmtime_context_set_epoch_deadline(context_, kTicksBetweenLooks);
  wasmtime_error_t* const error = wasmtime_func_call_unchecked(
      context_, &function, values.data(), std::max<std::size_t>(count, 1), &trap);
  if (error != nullptr || trap != nullptr) return fail(take_failure(error, trap));
  return values[0].i32;
}

wasmtime_error_t* WasmInstance::on_tick(wasmtime_context_t* /*context*/, void* data,
                                        std::uint64_t* delta,
                                        wasmtime_update_deadline_kind_t* kind) {
  auto& self = *static_cast<WasmInstance*>(data);
  self.cancelled_ = self.cancel_ != nullptr && self.cancel_->cancelled();
  self.late_ = std::chrono::steady_clock::now() >= self.deadline_;
  if (self.cancelled_ || self.late_) return wasmtime_error_new(kStopMessage);
  *delta = kTicksBetweenLooks;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return nullptr;
}

Error WasmInstance::take_failure(wasmtime_error_t* error, wasm_trap_t* trap) {
  broken_ = true;
  std::string message = plugin_host::take_message(error);
  if (trap != nullptr) {
    wasmtime_trap_code_t code = 0;
    const bool has_code = wasmtime_trap_code(trap, &code);
    const std::string_view known = has_code ? describe(code) : std::string_view();
    message = known.empty() ? std::string(cause(take_message(trap))) : std::string(known);
    wasm_trap_delete(trap);
  } else {
    message = std::string(cause(message));
  }
  if (cancelled_) return {.code = ErrorCode::kCancelled, .message = "stopped on request"};
  if (late_) return {.code = ErrorCode::kPlugin, .message = "it took too long and was stopped"};
  if (account_.starved && account_.size.count == 0)
    return {.code = ErrorCode::kOverBudget, .message = "its memory does not fit the memory limit"};
  // The plugin's own words are better than the machine's.
  if (std::string said = services_->take_error(); !said.empty())
    message = fmt::format("{} ({})", said, message);
  return {.code = ErrorCode::kPlugin, .message = std::move(message)};
}

std::span<std::uint8_t> WasmInstance::memory() const {
  if (!memory_) return {};
  return {wasmtime_memory_data(context_, &*memory_),
          wasmtime_memory_data_size(context_, &*memory_)};
}

std::optional<std::span<std::uint8_t>> WasmInstance::bytes(std::uint32_t at,
                                                           std::uint32_t size) const {
  const std::span<std::uint8_t> all = memory();
  if (at > all.size() || size > all.size() - at) return std::nullopt;
  return all.subspan(at, size);
}

}  // namespace m3u_proxy::plugin_host
