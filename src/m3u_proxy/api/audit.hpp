// Audit: every change that somebody makes is written down, with how it was known who they are and
// what was before and after, without secrets.
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
/// Where the store does not take it, it is in the log, and this is no error: the change is made,
/// and an answer that said otherwise would be wrong.
Result<> record(const ApiContext& context, const Call& call, const Change& change);
Result<> record(store::Store& store, store::Time now, const Principal& who, const Change& change);

/// Who is at work where no user is.
inline constexpr std::string_view kOperator = "m3u-proxy ctl";
inline constexpr std::string_view kConfigurationFile = "the configuration file";

}  // namespace m3u_proxy::api
