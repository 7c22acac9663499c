// GuideWindow: a piece of an EPG source, and the elements that are complete in it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Filled by GuideReader, then by GuideSplitter.
struct GuideWindow {
  explicit GuideWindow(std::pmr::memory_resource* memory) : elements(memory) {}

  memory::Slab slab;
  std::string_view text;  ///< in the slab
  bool last = false;      ///< nothing comes after it
  // From here on by the splitter:
  std::uint64_t position = 0;  ///< of the text in the source
  std::pmr::vector<formats::XmltvSpan> elements;
  ProblemLog problems;  ///< positions are absolute
  std::string date;     ///< of the guide, as far as it is read; as written, "" when it has none
};

}  // namespace m3u_proxy::guide
