#include <dlfcn.h>
#include <fmt/format.h>

#include <m3u_proxy/net/curl_library.hpp>

namespace m3u_proxy::net {
namespace {

constexpr const char* kFile = "libcurl.so.4";

std::unexpected<Error> not_usable(std::string_view why) {
  return fail(ErrorCode::kNetwork, fmt::format("cannot load {}: {}", kFile, why),
              "addresses need libcurl: install the package libcurl4");
}

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<CurlLibrary> load() {
  void* library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return not_usable(::dlerror());  // NOLINT(concurrency-mt-unsafe)
  CurlLibrary curl{};
  const bool complete = find(library, "curl_global_init", curl.global_init) &&
                        find(library, "curl_easy_init", curl.easy_init) &&
                        find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                        find(library, "curl_easy_perform", curl.easy_perform) &&
                        find(library, "curl_easy_setopt", curl.easy_setopt) &&
                        find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                        find(library, "curl_easy_strerror", curl.easy_strerror) &&
                        find(library, "curl_multi_init", curl.multi_init) &&
                        find(library, "curl_multi_cleanup", curl.multi_cleanup) &&
                        find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
                        find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
                        find(library, "curl_multi_perform", curl.multi_perform) &&
                        find(library, "curl_multi_poll", curl.multi_poll) &&
                        find(library, "curl_multi_info_read", curl.multi_info_read) &&
                        find(library, "curl_slist_append", curl.slist_append) &&
                        find(library, "curl_slist_free_all", curl.slist_free_all) &&
                        find(library, "curl_getdate", curl.getdate);
  if (!complete) return not_usable("it is older than 7.66");
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return not_usable("it does not start");
  return curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static const Result<CurlLibrary> kLibrary = load();
  if (!kLibrary) return fail(kLibrary.error());
  return &*kLibrary;
}

}  // namespace m3u_proxy::net
