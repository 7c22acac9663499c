#include <algorithm>
#include <utility>

#include <m3u_proxy/guide/windows/guide_reader.hpp>

namespace m3u_proxy::guide {

namespace {

/// Of a window, left free for what the one before could not use.
constexpr std::size_t kHeadRoomShare = 16;

std::size_t head_room(std::size_t window_bytes) { return window_bytes / kHeadRoomShare; }

}  // namespace

GuideReader::GuideReader(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs,
                         std::size_t window_bytes)
    : slabs_(&slabs),
      source_(io::make_xml_text_source(std::move(source))),
      window_bytes_(std::max<std::size_t>(window_bytes, 1)) {}

Result<bool> GuideReader::read(GuideWindow& window) {
  window.last = false;
  window.text = {};
  if (at_end_) return false;
  M3U_TRY(window.slab, slabs_->acquire(memory::Tag::kInput, window_bytes_));
  char* const text = window.slab.data() + head_room(window_bytes_);
  M3U_TRY(const std::size_t size, fill(text, window_bytes_ - head_room(window_bytes_)));
  window.text = {text, size};
  window.last = at_end_;
  return true;
}

/// Reads until there are `size` bytes or the source ends.
Result<std::size_t> GuideReader::fill(char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    auto n = source_->read({to + done, size - done});
    if (!n && ends_the_job(n.error())) return fail(std::move(n).error());
    if (!n) error_ = n.error();
    at_end_ = !n || *n == 0;
    if (at_end_) break;
    done += *n;
    bytes_ += *n;
  }
  return done;
}

}  // namespace m3u_proxy::guide
