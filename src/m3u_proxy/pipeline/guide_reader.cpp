#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/pipeline/guide_reader.hpp>

namespace m3u_proxy::pipeline {

using formats::XmltvSplitter;

GuideReader::GuideReader(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs,
                         std::size_t window_bytes)
    : slabs_(&slabs),
      source_(io::make_xml_text_source(std::move(source))),
      window_bytes_(std::max<std::size_t>(window_bytes, 1)) {}

Result<bool> GuideReader::next(GuideWindow& window) {
  window.elements.clear();
  window.problems.clear();
  if (done_) return false;
  M3U_TRY(memory::Slab slab,
          slabs_->acquire(memory::Tag::kInput, std::max(window_bytes_, carry_size_)));
  std::size_t size = std::exchange(carry_size_, 0);
  if (size != 0) std::memcpy(slab.data(), carry_.data(), size);
  carry_ = {};
  while (true) {
    M3U_CHECK(fill(slab, size));
    const auto input = at_end_ ? XmltvSplitter::Input::kEnd : XmltvSplitter::Input::kMore;
    window.position = splitter_.position();
    auto used = splitter_.split({slab.data(), size}, input, window.elements, window.problems);
    if (!used && read_error_) return fail(*read_error_);
    if (!used) return fail(std::move(used).error());
    done_ = at_end_;
    if (*used == 0 && !at_end_) continue;
    carry_size_ = size - *used;
    if (carry_size_ != 0) {
      M3U_TRY(carry_, slabs_->acquire(memory::Tag::kInput, carry_size_));
      std::memcpy(carry_.data(), slab.data() + *used, carry_size_);
    }
    window.text = {slab.data(), *used};
    window.slab = std::move(slab);
    window.date = splitter_.date();
    return true;
  }
}

/// Reads until the window is full or the source ends.
Result<> GuideReader::fill(memory::Slab& slab, std::size_t& size) {
  // What is left over may fill the usual window already.
  const std::size_t end =
      std::max(window_bytes_, size + std::max<std::size_t>(1, window_bytes_ / 2));
  if (end > slab.size()) M3U_CHECK(enlarge(slab, size, end));
  while (size < end && !at_end_) {
    auto n = source_->read({slab.data() + size, end - size});
    if (!n) {
      const ErrorCode code = n.error().code;
      if (code == ErrorCode::kOverBudget || code == ErrorCode::kCancelled)
        return fail(std::move(n).error());
      read_error_ = std::move(n).error();
    }
    at_end_ = !n || *n == 0;
    if (at_end_) break;
    size += *n;
    bytes_ += *n;
  }
  return {};
}

Result<> GuideReader::enlarge(memory::Slab& slab, std::size_t size, std::size_t at_least) {
  M3U_TRY(memory::Slab larger,
          slabs_->acquire(memory::Tag::kInput, std::max(slab.size() * 2, at_least)));
  std::memcpy(larger.data(), slab.data(), size);
  slab = std::move(larger);
  return {};
}

std::string GuideReader::note() const {
  if (read_error_) return to_string(*read_error_);
  if (splitter_.truncated()) return "the guide breaks off before its end";
  return std::string(source_->note());
}

}  // namespace m3u_proxy::pipeline
