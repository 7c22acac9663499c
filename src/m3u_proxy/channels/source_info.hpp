// SourceInfo: what expressions and plugins may know of a channel's source.
#pragma once

#include <string>

namespace m3u_proxy::channels {

struct SourceInfo {
  std::string name;
  std::string type;
  std::string url;  ///< without credentials
};

}  // namespace m3u_proxy::channels
