// Log levels, and how lines look, changed while the program runs.
#pragma once

#include <string_view>

#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::log {

/// Whether log::configure() takes a specification. Error: kInvalidArgument, naming the part that is
/// wrong.
Result<> check_levels(std::string_view specification);
/// The same as log::configure() and log::set_format(), while other threads write.
Result<> change_levels(std::string_view specification);
void change_format(Format format);

}  // namespace m3u_proxy::log
