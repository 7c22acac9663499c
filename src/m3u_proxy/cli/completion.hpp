// Shell completion scripts, made from the program's own description. Pure.
#pragma once

#include <string>

#include <m3u_proxy/cli/command_line.hpp>

namespace m3u_proxy::cli {

std::string bash_completion(const ProgramInfo& program);
std::string zsh_completion(const ProgramInfo& program);
std::string fish_completion(const ProgramInfo& program);

}  // namespace m3u_proxy::cli
