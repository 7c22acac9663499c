// The file of the program that runs.
#pragma once

#include <filesystem>

namespace m3u_proxy::cli {

/// Empty where the system does not say.
std::filesystem::path own_program();

}  // namespace m3u_proxy::cli
