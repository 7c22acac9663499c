// The manual page, made from the program's own description. Pure.
#pragma once

#include <string>

#include <m3u_proxy/cli/command_line.hpp>

namespace m3u_proxy::cli {

/// m3u-proxy.1 in man(7) macros.
std::string man_page(const ProgramInfo& program);

}  // namespace m3u_proxy::cli
