// What answers on the operator's door look like: JSON; an error is {"error": …, "hint": …}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/store/jobs.hpp>

namespace m3u_proxy::daemon {

/// A handler that answers with the JSON that `work` gives, or its error. It is done by the errands,
/// since the database may let one wait, and ends with them.
http::DeferredHandler answered_by(
    Errands& errands,
    std::function<Result<std::string>(const http::Request&, const CancelToken&)> work);

using api::time_member;

/// The proxy of that name. Error: kNotFound, with the name that is closest to it.
Result<const jobs::ProxyEntry*> find_proxy(const jobs::Model& model, std::string_view name);

/// A job as the operator sees it.
void write_job(JsonWriter<std::string>& json, const store::Job& job);

}  // namespace m3u_proxy::daemon
