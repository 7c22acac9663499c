// What an error of PostgreSQL means to us.
#pragma once

#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store::postgres {

/// `state` is the five characters of SQLSTATE (PostgreSQL's manual, appendix A), empty when the
/// server could not say anything any more. `place` begins the message.
Error error_of(std::string_view place, std::string_view state, std::string_view message);

/// Whether the transaction should be run again from its beginning: a deadlock or a collision.
bool is_to_repeat(std::string_view state);

}  // namespace m3u_proxy::store::postgres
