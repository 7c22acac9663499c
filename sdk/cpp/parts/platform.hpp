// Where a plugin is compiled: what there is without a standard library.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__) && !defined(__wasi__)
#define M3U_FREESTANDING 1
#else
#include <stdlib.h>
#include <string.h>
#endif
#if defined(__wasm__) && defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#ifdef M3U_FREESTANDING
// -mbulk-memory makes instructions of the first three.
extern "C" {
__attribute__((weak)) void* memcpy(void* to, const void* from, size_t size) {
  return __builtin_memcpy(to, from, size);
}
__attribute__((weak)) void* memmove(void* to, const void* from, size_t size) {
  return __builtin_memmove(to, from, size);
}
__attribute__((weak)) void* memset(void* to, int value, size_t size) {
  return __builtin_memset(to, value, size);
}
__attribute__((weak)) int memcmp(const void* a, const void* b, size_t size) {
  const auto* const left = static_cast<const uint8_t*>(a);
  const auto* const right = static_cast<const uint8_t*>(b);
  for (size_t i = 0; i < size; ++i)
    if (left[i] != right[i]) return left[i] - right[i];
  return 0;
}
}
#endif
