// Logo routes: /logo/{door}/{logo}: a picture that somebody uploaded, or the logo of a channel of
// the proxy, from the cache. Nothing else is fetched for anybody.
#pragma once

#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/logos/logo_cache.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/outputs/published.hpp>

namespace m3u_proxy::outputs {

/// All outlive the server.
struct LogoContext {
  Published& published;
  logos::LogoCache& cache;
  const logos::LogoLibrary& library;
  const http::LivePolicy& addresses;
  memory::Budget& budget;
  memory::SlabPool& slabs;
};

/// Error: as Router::add().
Result<> add_logo_routes(http::Router& router, const LogoContext& context);

}  // namespace m3u_proxy::outputs
