#include <algorithm>
#include <cstring>

#include <m3u_proxy/pipeline/guide_text.hpp>

namespace m3u_proxy::pipeline {
namespace {
constexpr std::size_t kPiece = std::size_t{1} << 20U;
}

Result<> GuideText::append(std::string_view text) {
  if (text.empty()) return {};
  if (!file_ && (size_ + text.size() > kInMemory || !append_in_memory(text)))
    M3U_CHECK(move_to_file());
  if (file_) M3U_CHECK(file_->write(text));
  size_ += text.size();
  return {};
}

/// False when the memory limit does not allow it; nothing is appended then.
bool GuideText::append_in_memory(std::string_view text) {
  const std::size_t room = pieces_.empty() ? 0 : kPiece - used_in_last_;
  std::vector<memory::Slab> fresh;
  for (std::size_t have = room; have < text.size(); have += kPiece) {
    auto slab = slabs_->acquire(memory::Tag::kOutput, kPiece);
    if (!slab) return false;
    fresh.push_back(*std::move(slab));
  }
  const std::size_t head = std::min(room, text.size());
  if (head != 0) std::memcpy(pieces_.back().data() + used_in_last_, text.data(), head);
  used_in_last_ += head;
  text.remove_prefix(head);
  for (memory::Slab& slab : fresh) {
    used_in_last_ = std::min(kPiece, text.size());
    std::memcpy(slab.data(), text.data(), used_in_last_);
    text.remove_prefix(used_in_last_);
    pieces_.push_back(std::move(slab));
  }
  return true;
}

Result<> GuideText::move_to_file() {
  M3U_TRY(file_, temp_->create_file());
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    M3U_CHECK(file_->write({pieces_[i].data(), i + 1 == pieces_.size() ? used_in_last_ : kPiece}));
  pieces_.clear();
  return {};
}

Result<> GuideText::copy_to(io::AtomicFile& out) const {
  if (file_) return out.append_from(file_->descriptor(), 0, file_->size());
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    M3U_CHECK(out.write({pieces_[i].data(), i + 1 == pieces_.size() ? used_in_last_ : kPiece}));
  return {};
}

}  // namespace m3u_proxy::pipeline
