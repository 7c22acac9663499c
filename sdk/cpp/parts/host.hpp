// What a plugin may ask of the host: the imports of docs/plugin-abi.md.
#pragma once

#include "text.hpp"

namespace m3u {

enum class LogLevel : int32_t { kError, kWarn, kInfo, kDebug };
enum class PressureLevel : int32_t { kOptimal, kModerate, kHigh, kCritical, kEmergency };

/// What an import says when it did not do its work.
enum : int32_t {
  kDenied = -1,
  kQuotaUsedUp = -2,
  kDiskFull = -3,
  kIoFailed = -4,
  kBadArgument = -5,
  kMissing = -6,
};

namespace detail {

#ifdef __wasm__
#define M3U_IMPORT(name) __attribute__((import_module("m3u_proxy"), import_name(#name)))
extern "C" {
M3U_IMPORT(log) void m3u_host_log(int32_t level, const char* text, size_t size);
M3U_IMPORT(memory_usage) int64_t m3u_host_memory_usage();
M3U_IMPORT(memory_pressure) int32_t m3u_host_memory_pressure();
M3U_IMPORT(request_cleanup) int32_t m3u_host_request_cleanup();
M3U_IMPORT(temp_write)
int32_t m3u_host_temp_write(const char* name, size_t name_size, const void* data, size_t size);
M3U_IMPORT(temp_append)
int32_t m3u_host_temp_append(const char* name, size_t name_size, const void* data, size_t size);
M3U_IMPORT(temp_read)
int32_t m3u_host_temp_read(const char* name, size_t name_size, int64_t offset, void* data,
                           size_t size);
M3U_IMPORT(temp_delete) int32_t m3u_host_temp_delete(const char* name, size_t name_size);
M3U_IMPORT(record_metric) void m3u_host_record_metric(const char* name, size_t size, double value);
M3U_IMPORT(get_config)
int32_t m3u_host_get_config(const char* name, size_t name_size, void* data, size_t size);
}
#undef M3U_IMPORT
#else
// Compiled for this machine, as unit tests of a plugin are: there is no host, everything is denied.
inline void m3u_host_log(int32_t /*level*/, const char* /*text*/, size_t /*size*/) {}
inline int64_t m3u_host_memory_usage() { return kDenied; }
inline int32_t m3u_host_memory_pressure() { return kDenied; }
inline int32_t m3u_host_request_cleanup() { return kDenied; }
inline int32_t m3u_host_temp_write(const char* /*name*/, size_t /*name_size*/, const void* /*data*/,
                                   size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_append(const char* /*name*/, size_t /*name_size*/,
                                    const void* /*data*/, size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_read(const char* /*name*/, size_t /*name_size*/, int64_t /*offset*/,
                                  void* /*data*/, size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_delete(const char* /*name*/, size_t /*name_size*/) { return kDenied; }
inline void m3u_host_record_metric(const char* /*name*/, size_t /*size*/, double /*value*/) {}
inline int32_t m3u_host_get_config(const char* /*name*/, size_t /*name_size*/, void* /*data*/,
                                   size_t /*size*/) {
  return kDenied;
}
#endif

}  // namespace detail

/// What a plugin may ask of the host. Each needs its permission, in the manifest and by the
/// operator; without it the answer is kDenied.
namespace host {

inline void log(LogLevel level, Text text) {
  detail::m3u_host_log(static_cast<int32_t>(level), text.data(), text.size());
}
/// Bytes that the whole process has in use.
inline int64_t memory_usage() { return detail::m3u_host_memory_usage(); }
/// The level as now; kOptimal where asking is not allowed.
inline PressureLevel memory_pressure() {
  const int32_t level = detail::m3u_host_memory_pressure();
  return level < 0 ? PressureLevel::kOptimal : static_cast<PressureLevel>(level);
}
/// Asks the host to free its caches and pools.
inline int32_t request_cleanup() { return detail::m3u_host_request_cleanup(); }
/// Makes or replaces a temporary file of this instance. 0 or an error.
inline int32_t temp_write(Text name, const void* data, size_t size) {
  return detail::m3u_host_temp_write(name.data(), name.size(), data, size);
}
/// Appends to a temporary file, makes it where it is missing. 0 or an error.
inline int32_t temp_append(Text name, const void* data, size_t size) {
  return detail::m3u_host_temp_append(name.data(), name.size(), data, size);
}
/// Reads up to `size` bytes at `offset`. The number of bytes, 0 at the end, or an error.
inline int32_t temp_read(Text name, int64_t offset, void* data, size_t size) {
  return detail::m3u_host_temp_read(name.data(), name.size(), offset, data, size);
}
inline int32_t temp_delete(Text name) {
  return detail::m3u_host_temp_delete(name.data(), name.size());
}
/// A number for the run's report.
inline void record_metric(Text name, double value) {
  detail::m3u_host_record_metric(name.data(), name.size(), value);
}
/// Copies a configuration value and returns its whole size, or an error. m3u::Config does the
/// same without a permission.
inline int32_t get_config(Text name, void* data, size_t size) {
  return detail::m3u_host_get_config(name.data(), name.size(), data, size);
}

}  // namespace host

}  // namespace m3u
