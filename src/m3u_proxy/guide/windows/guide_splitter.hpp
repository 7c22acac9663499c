// GuideSplitter: the elements that are complete in each window of an EPG source.
#pragma once

#include <string_view>

#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/guide/windows/guide_window.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Used by one thread at a time, the windows in order.
class GuideSplitter {
 public:
  explicit GuideSplitter(memory::SlabPool& slabs) : slabs_(&slabs) {}

  /// Finds the elements of a window that GuideReader filled. What is not complete in it goes over
  /// to the next one. Errors: kParse when this is no guide, kOverBudget.
  Result<> split(GuideWindow& window);
  /// After the last window: the guide breaks off before its end.
  [[nodiscard]] bool truncated() const { return splitter_.truncated(); }

 private:
  Result<> put_before(GuideWindow& window);
  Result<> carry(GuideWindow& window, std::size_t used);

  memory::SlabPool* slabs_;
  formats::XmltvSplitter splitter_;
  memory::Slab carry_slab_;
  std::string_view carry_;  // in it
};

}  // namespace m3u_proxy::guide
