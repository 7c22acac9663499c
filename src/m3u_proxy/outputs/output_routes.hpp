// Output routes: the addresses that players use: playlist, guide and streams of each proxy.
//
//   /proxy/{door}/playlist.m3u  .m3u8      {door}: an output token, or the name of a public proxy
//   /proxy/{door}/playlist.m3u.gz
//   /proxy/{door}/guide.xml     .xml.gz
//   /stream/{door}/{channel}               302 to the source's own address
//   /logo/{door}/{logo or channel}         a picture (logo_routes.hpp)
#pragma once

#include <memory>

#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/published.hpp>

namespace m3u_proxy::outputs {

/// All outlive the server.
struct OutputContext {
  Published& published;
  GzipVariants& variants;
  std::shared_ptr<const Placeholders> placeholders;
  const http::LivePolicy& addresses;
  memory::Budget& budget;
  memory::SlabPool& slabs;
};

/// What players get of a proxy that has nothing to serve yet.
http::Response not_made_yet();

/// Adds them to the router. Error: kInvalidArgument when one is there already.
Result<> add_output_routes(http::Router& router, const OutputContext& context);

}  // namespace m3u_proxy::outputs
