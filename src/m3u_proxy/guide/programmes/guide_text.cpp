#include <algorithm>
#include <cstring>

#include <fcntl.h>

#include <m3u_proxy/guide/programmes/guide_text.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::guide {
namespace {
constexpr std::size_t kPiece = std::size_t{1} << 20U;
}  // namespace

Result<> GuideText::append(std::string_view text) {
  if (text.empty()) return {};
  const bool in_memory = !in_output_ && !file_;
  if (in_memory && (size_ + text.size() > in_memory_ || !append_in_memory(text)))
    M3U_CHECK(leave_memory());
  if (in_output_) M3U_CHECK(out_->write(text));
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

Result<> GuideText::leave_memory() {
  if (early_head_) {
    M3U_CHECK(early_head_());
    head_size_ = out_->written();
    in_output_ = true;
    M3U_CHECK(write_pieces(*out_));
  } else {
    M3U_TRY(file_, temp_->create_file());
    M3U_CHECK(write_pieces(*file_));
  }
  pieces_.clear();
  return {};
}

Result<> GuideText::write_pieces(io::ByteSink& sink) const {
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    M3U_CHECK(sink.write({pieces_[i].data(), i + 1 == pieces_.size() ? used_in_last_ : kPiece}));
  return {};
}

Result<> GuideText::take_back() {
  const io::Descriptor written(::open(out_->temporary().c_str(), O_RDONLY | O_CLOEXEC));
  M3U_TRY(file_, temp_->create_file());
  M3U_TRY(const memory::Slab buffer, slabs_->acquire_buffer(memory::Tag::kOutput));
  for (std::uint64_t at = head_size_; at != out_->written();) {
    M3U_TRY(const std::size_t n, io::read_some_at(written.get(), at, {buffer.data(), buffer.size()},
                                                  "cannot read what was written of the guide"));
    if (n == 0) return fail(ErrorCode::kIo, "the guide changed while it was being written");
    M3U_CHECK(file_->write({buffer.data(), n}));
    at += n;
  }
  in_output_ = false;
  return out_->clear();
}

Result<> GuideText::finish(const Head& head) {
  if (in_output_) return {};
  M3U_CHECK(head());
  if (file_) return out_->append_from(file_->descriptor(), 0, file_->size());
  return write_pieces(*out_);
}

}  // namespace m3u_proxy::guide
