// Named: a word of the configuration and where it is.
#pragma once

#include <string>

#include <m3u_proxy/base/error.hpp>

namespace m3u_proxy::config {

struct Named {
  std::string name;
  Where where{};
};

}  // namespace m3u_proxy::config
