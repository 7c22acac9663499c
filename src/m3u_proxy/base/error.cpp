#include <system_error>

#include <fmt/format.h>

#include <m3u_proxy/base/error.hpp>

namespace m3u_proxy {

std::string to_string(const Error& error) {
  std::string text;
  if (!error.where.source.empty()) {
    text += error.where.source;
    text += ':';
  }
  if (error.where.line != 0) {
    text += fmt::format("{}:", error.where.line);
    if (error.where.column != 0) text += fmt::format("{}:", error.where.column);
  } else if (error.where.byte != 0) {
    text += fmt::format("byte {}:", error.where.byte);
  }
  if (!text.empty()) text += ' ';
  text += error.message;
  if (!error.hint.empty()) {
    text += " (";
    text += error.hint;
    text += ')';
  }
  return text;
}

std::string to_string(const Error& error, std::string_view source) {
  if (error.where.source != source) return to_string(error);
  Error unnamed = error;
  unnamed.where.source.clear();
  return to_string(unnamed);
}

bool ends_the_job(const Error& error) {
  return error.code == ErrorCode::kOverBudget || error.code == ErrorCode::kDiskFull ||
         error.code == ErrorCode::kCancelled;
}

Error system_error(std::string what, int errno_value) {
  ErrorCode code = errno_value == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  std::string hint;
  if (errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG) {
    code = ErrorCode::kDiskFull;
    hint = "free some disk space or choose another folder";
  }
  if (errno_value == EACCES || errno_value == EPERM)
    hint = "check the permissions of the file and of its folder";
  what += ": ";
  what += std::generic_category().message(errno_value);
  return Error{.code = code, .message = std::move(what), .where = {}, .hint = std::move(hint)};
}

}  // namespace m3u_proxy
