// PressureEvent: one change of the memory pressure level during a generation.
#pragma once

#include <string>

namespace m3u_proxy::pipeline {

struct PressureEvent {
  std::string stage;
  std::string from;
  std::string to;
  double rss_mb = 0;
};

}  // namespace m3u_proxy::pipeline
