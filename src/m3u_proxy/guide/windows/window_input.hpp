// WindowInput: what the work on one window of a guide begins with, and how far it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include <m3u_proxy/guide/windows/guide_window.hpp>

namespace m3u_proxy::guide {

struct WindowInput {
  explicit WindowInput(std::pmr::memory_resource* memory) : window(memory) {}

  /// Whether the window has more than what was worked on so far.
  [[nodiscard]] bool has_more() const { return next_element != window.elements.size(); }

  GuideWindow window;
  std::uint64_t consumed = 0;    ///< stored bytes of the source read so far
  bool clean = false;            ///< the window is good UTF-8
  std::size_t next_element = 0;  ///< the first one that is not done with
  std::size_t outputs_done = 0;  ///< of that one
};

}  // namespace m3u_proxy::guide
