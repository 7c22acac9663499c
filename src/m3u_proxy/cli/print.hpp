// Printing for people. An output that is closed or on a full disk is no reason to fail: what was
// to be done is done, and there is nobody left to tell.
#pragma once

#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace m3u_proxy::cli {

/// Writes to standard output or standard error.
inline void print_to(std::FILE* stream, std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stream);
}
/// Formats to standard output.
template <typename... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_to(stdout, fmt::format(format, std::forward<Args>(args)...));
}
/// Formats to standard error.
template <typename... Args>
void print_error(fmt::format_string<Args...> format, Args&&... args) {
  print_to(stderr, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace m3u_proxy::cli
