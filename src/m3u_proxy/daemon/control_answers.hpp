// What answers on the operator's door look like: JSON; an error is {"error": …, "hint": …}.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/daemon/errands.hpp>
#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::daemon {

/// A handler that answers with the JSON that `work` gives, or its error. It is done by the errands,
/// since the database may let one wait, and ends with them.
http::DeferredHandler answered_by(
    Errands& errands,
    std::function<Result<std::string>(const http::Request&, const CancelToken&)> work);

using api::time_member;

}  // namespace m3u_proxy::daemon
