// Printing for people. An output that is closed or on a full disk is no reason to fail: what was
// to be done is done, and there is nobody left to tell. And StandardOutput, for what was asked for
// itself: there nothing may be missing without a word.
#pragma once

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>

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

class StandardOutput final : public io::ByteSink {
 public:
  /// Error: kIo, kDiskFull.
  Result<> write(std::string_view bytes) override {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
    return failed();
  }
  /// After the last byte. Errors: as write().
  static Result<> finish() { return std::fflush(stdout) == 0 ? Result<>() : failed(); }

 private:
  static std::unexpected<Error> failed() {
    return fail(system_error("cannot write to standard output", errno));
  }
};

}  // namespace m3u_proxy::cli
