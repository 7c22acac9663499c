#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <sys/mman.h>

#include <m3u_proxy/plugin_host/wasm_engine.hpp>

namespace m3u_proxy::plugin_host {
namespace {

constexpr std::chrono::milliseconds kTick{5};
/// So many ticks without a call and the clock sleeps.
constexpr int kIdleTicks = 10;
constexpr std::size_t kStack = std::size_t{512} << 10U;

thread_local MemoryAccount* paying = nullptr;

/// A memory that has grown so large grows because it is filled, a little at a time: its pages are
/// made at once, which takes a third of the time that one fault a page takes.
constexpr std::size_t kLarge = mib(2).count;

/// A linear memory: address space for all it may ever have, of which the first part is in use.
class LinearMemory {
 public:
  static LinearMemory* create(MemoryAccount& account, std::size_t minimum, std::size_t reserved,
                              std::size_t guard) {
    auto memory = std::unique_ptr<LinearMemory>(new LinearMemory(account));
    if (account.budget != nullptr) {
      auto paid = account.budget->reserve(memory::Tag::kPlugin, {});
      if (!paid) return nullptr;
      memory->paid_ = *std::move(paid);
    }
    memory->mapped_ = std::max(reserved, minimum) + guard;
    void* const at = ::mmap(nullptr, memory->mapped_, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return nullptr;
    memory->base_ = static_cast<std::uint8_t*>(at);
    memory->capacity_ = std::max(reserved, minimum);
    return memory->grow(minimum) ? memory.release() : nullptr;
  }
  ~LinearMemory() {
    if (base_ != nullptr) ::munmap(base_, mapped_);
    account_->size -= {size_};
  }
  LinearMemory(const LinearMemory&) = delete;
  LinearMemory& operator=(const LinearMemory&) = delete;

  bool grow(std::size_t size) {
    if (size <= size_) return true;
    if (Bytes{size} > account_->max || size > capacity_) return false;
    if (account_->budget != nullptr && !paid_.resize({size})) {
      account_->starved = true;
      return false;
    }
    if (::mprotect(base_, size, PROT_READ | PROT_WRITE) != 0) return false;
    if (size_ >= kLarge && size - size_ <= kLarge)
      (void)::madvise(base_ + size_, size - size_, MADV_POPULATE_WRITE);
    account_->size += {size - size_};
    size_ = size;
    return true;
  }
  std::uint8_t* get(std::size_t& size, std::size_t& capacity) const {
    size = size_;
    capacity = capacity_;
    return base_;
  }

 private:
  explicit LinearMemory(MemoryAccount& account) : account_(&account) {}

  MemoryAccount* account_;
  memory::Reservation paid_;
  std::uint8_t* base_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

std::uint8_t* get_memory(void* env, std::size_t* size, std::size_t* capacity) {
  return static_cast<LinearMemory*>(env)->get(*size, *capacity);
}

wasmtime_error_t* grow_memory(void* env, std::size_t size) {
  return static_cast<LinearMemory*>(env)->grow(size) ? nullptr
                                                     : wasmtime_error_new("memory was refused");
}

void delete_memory(void* env) { delete static_cast<LinearMemory*>(env); }

wasmtime_error_t* new_memory(void* /*env*/, const wasm_memorytype_t* /*type*/, std::size_t minimum,
                             std::size_t /*maximum*/, std::size_t reserved, std::size_t guard,
                             wasmtime_linear_memory_t* out) {
  if (paying == nullptr) return wasmtime_error_new("nobody pays for this memory");
  LinearMemory* const memory = LinearMemory::create(*paying, minimum, reserved, guard);
  if (memory == nullptr) return wasmtime_error_new("memory was refused");
  *out = {.env = memory,
          .get_memory = get_memory,
          .grow_memory = grow_memory,
          .finalizer = delete_memory};
  return nullptr;
}

wasm_config_t* make_config() {
  wasm_config_t* const config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_max_wasm_stack_set(config, kStack);
  wasmtime_config_gc_support_set(config, false);
  wasmtime_config_wasm_gc_set(config, false);
  wasmtime_config_wasm_function_references_set(config, false);
  wasmtime_config_wasm_exceptions_set(config, false);
  wasmtime_config_wasm_memory64_set(config, false);
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_wasm_relaxed_simd_set(config, false);
  // The same input gives the same bytes, wherever it runs.
  wasmtime_config_cranelift_nan_canonicalization_set(config, true);
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_memory_may_move_set(config, false);
  wasmtime_config_memory_init_cow_set(config, false);
  wasmtime_config_native_unwind_info_set(config, false);
  wasmtime_memory_creator_t creator{.env = nullptr, .new_memory = new_memory, .finalizer = nullptr};
  wasmtime_config_host_memory_creator_set(config, &creator);
  return config;
}

}  // namespace

std::string take_message(wasmtime_error_t* error) {
  if (error == nullptr) return {};
  wasm_name_t text;
  wasmtime_error_message(error, &text);
  std::string message(text.data, text.size);
  wasm_byte_vec_delete(&text);
  wasmtime_error_delete(error);
  return message;
}

std::string_view engine_version() { return "wasmtime " WASMTIME_VERSION ", configuration 1"; }

struct WasmEngine::Ticker {
  explicit Ticker(wasm_engine_t* engine)
      : thread([this, engine](const std::stop_token& stop) { run(stop, engine); }) {}

  void run(const std::stop_token& stop, wasm_engine_t* engine) {
    std::unique_lock lock(mutex);
    int idle = 0;
    while (!stop.stop_requested()) {
      if (idle < kIdleTicks) {
        wake.wait_for(lock, stop, kTick, [] { return false; });
      } else {
        asleep = true;
        wake.wait(lock, stop, [this] { return active.load() != 0; });
        asleep = false;
        idle = 0;
        continue;
      }
      idle = active.load() != 0 ? 0 : idle + 1;
      wasmtime_engine_increment_epoch(engine);
    }
  }

  std::atomic<int> active{0};
  std::atomic<bool> asleep{false};
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread thread;  // last: it uses all the others
};

WasmEngine::WasmEngine()
    : engine_(wasm_engine_new_with_config(make_config())),
      ticker_(std::make_unique<Ticker>(engine_)) {}

WasmEngine& WasmEngine::get() {
  // Never destroyed: instances may live in static objects.
  static auto& engine = *new WasmEngine();
  return engine;
}

void WasmEngine::begin_call() {
  ticker_->active.fetch_add(1);
  if (!ticker_->asleep.load()) return;
  const std::lock_guard lock(ticker_->mutex);
  ticker_->wake.notify_one();
}

void WasmEngine::end_call() { ticker_->active.fetch_sub(1); }

WasmEngine::PaidBy::PaidBy(MemoryAccount& account) { paying = &account; }
WasmEngine::PaidBy::~PaidBy() { paying = nullptr; }

}  // namespace m3u_proxy::plugin_host
