// How providers are asked for sources, whoever asks: with more patience than for pictures, since
// many make a list only when it is wanted.
#pragma once

#include <chrono>

#include <m3u_proxy/net/fetch.hpp>

namespace m3u_proxy::sources {

/// A minute without a byte is a failure; as long as bytes come, there is no end.
inline net::FetchOptions source_fetch_options() {
  net::FetchOptions options;
  options.stall_timeout = std::chrono::seconds(60);
  return options;
}

}  // namespace m3u_proxy::sources
