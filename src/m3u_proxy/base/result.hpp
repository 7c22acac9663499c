// Result<T>: a value or an Error; how everything that can fail in ordinary use answers.
#pragma once

#include <expected>
#include <utility>

#include <m3u_proxy/base/error.hpp>

namespace m3u_proxy {

template <typename T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::kIo, "…");`
inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return std::unexpected<Error>(
      Error{.code = code, .message = std::move(message), .where = {}, .hint = std::move(hint)});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace m3u_proxy

// Early returns (the standard's monadic functions are missing in libstdc++ 12).
#define M3U_CONCAT_INNER(a, b) a##b
#define M3U_CONCAT(a, b) M3U_CONCAT_INNER(a, b)
/// M3U_TRY(auto value, expression): declares `value` from the Result or returns its error.
#define M3U_TRY(declaration, expression) \
  M3U_TRY_IMPL(M3U_CONCAT(m3u_try_, __LINE__), declaration, expression)
#define M3U_TRY_IMPL(temporary, declaration, expression)                \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
/// M3U_CHECK(expression): returns the error of a Result, drops its value.
#define M3U_CHECK(expression)                               \
  do {                                                      \
    if (auto m3u_check = (expression); !m3u_check)          \
      return std::unexpected(std::move(m3u_check).error()); \
  } while (false)
