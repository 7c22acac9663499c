// Control routes: the operator's door, on a socket in the data folder that only its owner can open:
// what `m3u-proxy ctl` talks to. Answers are JSON; an error is {"error": …, "hint": …}.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/daemon/service.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

/// All outlive the server.
struct ControlContext {
  store::Store& store;
  jobs::Conductor& conductor;
  jobs::Refresher& refresher;
  jobs::Generator& generator;
  jobs::Workers& workers;
  Errands& errands;    ///< for what takes long
  Errands& questions;  ///< for what mostly does not
  runtime::Process& process;
  jobs::Clock clock;
  std::function<Result<std::vector<Service::Output>>()> outputs;
  std::function<Result<backup::RestoreSummary>(const backup::RestoreRequest&)> restore;
  std::string version;
};

/// Writes down what the operator changed.
Result<> record(const ControlContext& context, const api::Change& change);

/// Error: as Router::add().
Result<> add_control_routes(http::Router& router, const ControlContext& context);

}  // namespace m3u_proxy::daemon
