// /metrics: figures of the service for Prometheus and what reads the same format.
//
// Names begin with m3u_proxy_; docs/metrics.md has all of them. A family with a label has 500
// samples at most, so a thousand proxies cannot flood who gathers it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/daemon/state_view.hpp>
#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

/// All outlive the server.
struct MetricsContext {
  runtime::Process& process;
  store::Store& store;
  const StateView& view;
  const jobs::Workers& workers;
  const monitoring::AlertCenter& alerts;
  Errands& questions;  ///< who answers: the database may let one wait
  const http::LivePolicy& addresses;
  std::function<http::ServerCounters()> http;
  std::string version;
  std::int64_t started = 0;  ///< seconds since 1970
  /// "Authorization: Bearer" with it opens; empty: only who asks from this machine, and not
  /// through a proxy.
  std::string token;
};

std::string metrics_text(const MetricsContext& context);
/// Error: as Router::add().
Result<> add_metrics_route(http::Router& router, const MetricsContext& context);

}  // namespace m3u_proxy::daemon
