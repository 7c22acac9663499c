// SharedLibrary: a library that is loaded when it is first needed, so that nobody else pays its
// memory or its start.
#pragma once

#include <string>
#include <utility>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::io {

/// Stays loaded for good: libraries keep threads and thread-local data of their own.
class SharedLibrary {
 public:
  /// `file` is what the linker would look for ("libpq.so.5"); `hint` is the remedy when it is not
  /// there. Thread-safe. Error: kIo.
  static Result<SharedLibrary> load(const char* file, std::string hint);

  /// Points `symbol` to the library's `name`. Error: kIo, when it has none.
  template <typename T>
  Result<> find(const char* name, T*& symbol) const {
    M3U_TRY(void* const address, address_of(name));
    symbol = reinterpret_cast<T*>(address);
    return {};
  }

 private:
  SharedLibrary(void* handle, std::string file, std::string hint)
      : handle_(handle), file_(std::move(file)), hint_(std::move(hint)) {}
  [[nodiscard]] Result<void*> address_of(const char* name) const;

  void* handle_;
  std::string file_;
  std::string hint_;
};

}  // namespace m3u_proxy::io
