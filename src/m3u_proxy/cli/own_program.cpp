#include <m3u_proxy/cli/own_program.hpp>

namespace m3u_proxy::cli {

std::filesystem::path own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

}  // namespace m3u_proxy::cli
