#include <dlfcn.h>
#include <fmt/format.h>

#include <m3u_proxy/io/shared_library.hpp>

namespace m3u_proxy::io {

Result<SharedLibrary> SharedLibrary::load(const char* file, std::string hint) {
  void* handle = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return fail(ErrorCode::kIo, fmt::format("cannot load {}: {}", file, ::dlerror()),
                std::move(hint));
  return SharedLibrary(handle, file, std::move(hint));
}

Result<void*> SharedLibrary::address_of(const char* name) const {
  void* address = ::dlsym(handle_, name);
  if (address == nullptr)
    return fail(ErrorCode::kIo, fmt::format("{} has no {}: it is too old", file_, name), hint_);
  return address;
}

}  // namespace m3u_proxy::io
