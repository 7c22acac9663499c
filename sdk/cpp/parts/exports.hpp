// M3U_PLUGIN: the exports of a module.
#pragma once

#include "plugin.hpp"

namespace m3u {

namespace detail {

inline void append_json_text(Buffer& out, Text text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  out += '"';
}

inline void append_member(Buffer& out, Text key, Text value) {
  append_json_text(out, key);
  out += ": ";
  append_json_text(out, value);
  out += ", ";
}

inline Buffer to_json(const PluginInfo& info) {
  Buffer out;
  out += '{';
  append_member(out, "name", info.name);
  append_member(out, "version", info.version);
  append_member(out, "author", info.author);
  append_member(out, "description", info.description);
  append_member(out, "license", info.license);
  out += "\"supported_stages\": [";
  bool first = true;
  for (const Stage stage : info.supported_stages) {
    if (stage == Stage::kNone) continue;
    if (!first) out += ", ";
    first = false;
    append_json_text(out, stage_name(stage));
  }
  out += "], \"memory_requirements\": {\"min_heap_mb\": ";
  out.append_number(info.memory_requirements.min_heap_mb);
  out += ", \"max_heap_mb\": ";
  out.append_number(info.memory_requirements.max_heap_mb);
  out += ", \"supports_streaming\": ";
  out += info.memory_requirements.supports_streaming ? Text("true") : Text("false");
  out += ", \"supports_compression\": ";
  out += info.memory_requirements.supports_compression ? Text("true") : Text("false");
  out += "}}";
  return out;
}

/// A value that is made by hand and never destroyed: no constructors run before the host calls.
template <typename T>
class Slot {
 public:
  template <typename... A>
  T& make(A&&... arguments);
  [[nodiscard]] T* get() { return made_ ? reinterpret_cast<T*>(bytes_) : nullptr; }
  void destroy() {
    if (made_) get()->~T();
    made_ = false;
  }

 private:
  alignas(T) unsigned char bytes_[sizeof(T)] = {};
  bool made_ = false;
};

struct Place {};

}  // namespace detail
}  // namespace m3u

inline void* operator new(size_t /*size*/, m3u::detail::Place /*place*/, void* p) noexcept {
  return p;
}
inline void operator delete(void* /*p*/, m3u::detail::Place /*place*/, void* /*at*/) noexcept {}

namespace m3u::detail {

template <typename T>
template <typename... A>
T& Slot<T>::make(A&&... arguments) {
  destroy();
  T* const object = new (Place{}, bytes_) T(static_cast<A&&>(arguments)...);
  made_ = true;
  return *object;
}

#ifdef __wasm__

/// The exports of a module with one plugin.
template <typename Plugin>
struct Exports {
  static inline constinit Slot<Plugin> plugin_slot;
  static inline constinit Slot<Config> config;
  static inline constinit Slot<Context> context;
  static inline Stage stage = Stage::kNone;

  static Plugin& plugin() {
    Plugin* const made = plugin_slot.get();
    return made != nullptr ? *made : plugin_slot.make();
  }
  static int32_t finish(Result result, const Output& output, uint32_t* out) {
    if (result != Result::kBatch) return static_cast<int32_t>(result);
    out[0] = reinterpret_cast<uintptr_t>(output.block().data);
    out[1] = output.block().size;
    return 0;
  }
  static int32_t info(uint32_t* out) {
    Output output;
    const Result result = output.give(to_json(plugin().info()));
    return finish(result, output, out);
  }
  static int32_t init(const char* json, size_t size) {
    return plugin().init(config.make(Text(json, size))) ? 0 : -1;
  }
  static int32_t can_handle_memory_pressure(int32_t level) {
    return plugin().can_handle_memory_pressure(static_cast<PressureLevel>(level)) ? 1 : 0;
  }
  static int32_t begin(const char* name, size_t name_size, const char* json, size_t size) {
    stage = stage_of(Text(name, name_size));
    if (stage == Stage::kNone) return static_cast<int32_t>(fail("there is no such stage"));
    return plugin().begin(stage, context.make(Text(json, size))) ? 0 : -1;
  }
  static int32_t process_chunk(void* in, size_t size, uint32_t* out) {
    Output output({in, size});
    const Result result = plugin().process_chunk({stage, in, size}, output);
    return finish(result, output, out);
  }
  static int32_t finalize(uint32_t* out) {
    Output output;
    const Result result = plugin().finalize(output);
    return finish(result, output, out);
  }
  static void cleanup() {
    plugin().cleanup();
    context.destroy();
  }
};

#endif

}  // namespace m3u::detail

#ifdef M3U_FREESTANDING
// What the compiler calls where there is no library.
extern "C" {
void __wasm_call_ctors();
__attribute__((weak)) void __cxa_pure_virtual() { __builtin_trap(); }
__attribute__((weak)) int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
}
__attribute__((weak)) void* operator new(size_t size) {
  return m3u::detail::allocate_or_trap(size);
}
__attribute__((weak)) void* operator new[](size_t size) { return operator new(size); }
__attribute__((weak)) void operator delete(void* p) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete[](void* p) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete(void* p, size_t) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete[](void* p, size_t) noexcept {
  m3u::detail::deallocate(p);
}
#define M3U_INITIALIZE \
  __attribute__((export_name("_initialize"))) void m3u_export_initialize() { __wasm_call_ctors(); }
#else
#define M3U_INITIALIZE  // wasi-libc has one
#endif

/// Makes `Type`, derived from WasmStreamingStage, this module's plugin. Once, outside namespaces.
#ifdef __wasm__
#define M3U_EXPORT(name) __attribute__((export_name(#name)))
#define M3U_PLUGIN(Type)                                                                          \
  extern "C" {                                                                                    \
  M3U_INITIALIZE                                                                                  \
  M3U_EXPORT(m3u_abi_version) int32_t m3u_abi_version() { return 1; }                             \
  M3U_EXPORT(m3u_alloc) void* m3u_alloc(size_t size) { return m3u::detail::allocate(size); }      \
  M3U_EXPORT(m3u_free) void m3u_free(void* p, size_t) { m3u::detail::deallocate(p); }             \
  M3U_EXPORT(m3u_info) int32_t m3u_info(uint32_t* out) {                                          \
    return m3u::detail::Exports<Type>::info(out);                                                 \
  }                                                                                               \
  M3U_EXPORT(m3u_init) int32_t m3u_init(const char* config, size_t size) {                        \
    return m3u::detail::Exports<Type>::init(config, size);                                        \
  }                                                                                               \
  M3U_EXPORT(m3u_can_handle_memory_pressure)                                                      \
  int32_t m3u_can_handle_memory_pressure(int32_t level) {                                         \
    return m3u::detail::Exports<Type>::can_handle_memory_pressure(level);                         \
  }                                                                                               \
  M3U_EXPORT(m3u_begin)                                                                           \
  int32_t m3u_begin(const char* stage, size_t stage_size, const char* context, size_t size) {     \
    return m3u::detail::Exports<Type>::begin(stage, stage_size, context, size);                   \
  }                                                                                               \
  M3U_EXPORT(m3u_process_chunk) int32_t m3u_process_chunk(void* in, size_t size, uint32_t* out) { \
    return m3u::detail::Exports<Type>::process_chunk(in, size, out);                              \
  }                                                                                               \
  M3U_EXPORT(m3u_finalize) int32_t m3u_finalize(uint32_t* out) {                                  \
    return m3u::detail::Exports<Type>::finalize(out);                                             \
  }                                                                                               \
  M3U_EXPORT(m3u_cleanup) void m3u_cleanup() { m3u::detail::Exports<Type>::cleanup(); }           \
  }
#else
#define M3U_PLUGIN(Type) static_assert(sizeof(Type) != 0);
#endif
