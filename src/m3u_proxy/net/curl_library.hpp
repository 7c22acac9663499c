// libcurl, loaded when the first URL is fetched: a run on local files does not pay for it.
#pragma once

#include <curl/curl.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::net {

/// The functions of libcurl that we use, typed by its own header.
struct CurlLibrary {
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_multi_init) multi_init;
  decltype(&curl_multi_cleanup) multi_cleanup;
  decltype(&curl_multi_add_handle) multi_add_handle;
  decltype(&curl_multi_remove_handle) multi_remove_handle;
  decltype(&curl_multi_perform) multi_perform;
  decltype(&curl_multi_poll) multi_poll;
  decltype(&curl_multi_info_read) multi_info_read;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_getdate) getdate;
};

/// Loads it once and keeps it for good. Thread-safe.
/// Error: kNetwork, naming the package, when it is not installed.
Result<const CurlLibrary*> curl_library();

}  // namespace m3u_proxy::net
