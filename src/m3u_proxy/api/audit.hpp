// Audit: every change that somebody makes is written down, with what was before and after, without
// secrets.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

struct Change {
  std::string_view action;  ///< "sources.create"
  std::string target{};     ///< an id
  std::string before{};     ///< JSON; empty: there was nothing
  std::string after{};      ///< JSON; empty: there is nothing
};
/// Errors: of the store. Callers report them: a change that nobody can trace is none.
Result<> record(const ApiContext& context, const Call& call, const Change& change);

}  // namespace m3u_proxy::api
