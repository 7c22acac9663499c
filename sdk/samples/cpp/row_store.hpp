// RowStore: chunks of channels that wait, plain, compressed or in a temporary file, and come back
// one by one in the order in which they came.
#pragma once

#include "packed_frame.hpp"

class RowStore {
 public:
  /// Keeps the chunk as edited. False: the temporary file failed.
  bool add(const m3u::ChannelEditor& editor) {
    if (editor.unchanged()) return add_frame(editor.batch().frame());
    const m3u::detail::Block block = editor.build();
    if (how_ == How::kPlain) {
      const auto size = static_cast<uint32_t>(block.size);
      keep({static_cast<char*>(block.data), size, size});
      return true;
    }
    const bool added = add_frame({static_cast<const char*>(block.data), block.size});
    m3u::detail::deallocate(block.data);
    return added;
  }

  /// From now on chunks wait compressed, those that are here too.
  void compress() {
    if (how_ != How::kPlain) return;
    how_ = How::kCompressed;
    for (size_t i = next_; i < pieces_.size(); ++i) {
      const Piece plain = pieces_[i];
      pieces_[i] = packed({plain.data, plain.size});
      bytes_ += pieces_[i].size;
      free(plain);
    }
  }

  /// From now on chunks wait in a temporary file, those that are here too; seen(chunk) is called
  /// for each of these. False: that failed, and all are still here.
  template <typename F>
  bool spill(F&& seen) {
    file_size_ = read_ = 0;
    bool good = m3u::host::temp_write(kFile, nullptr, 0) == 0;
    m3u::Buffer frame;
    for (size_t i = next_; good && i < pieces_.size(); ++i) {
      unpack(pieces_[i], frame);
      good = seen(m3u::ChannelBatch(frame.data(), frame.size())) &&
             append({pieces_[i].data, pieces_[i].size}, pieces_[i].plain_size);
    }
    if (!good) {
      m3u::host::temp_delete(kFile);
      return false;
    }
    how_ = How::kSpilled;
    free_pieces();
    return true;
  }

  /// The next chunk; false at the end, or when reading it failed.
  bool next(m3u::Buffer& frame) {
    if (how_ == How::kSpilled) return next_spilled(frame);
    if (next_ == pieces_.size()) return false;
    Piece& piece = pieces_[next_++];
    unpack(piece, frame);
    free(piece);
    piece.data = nullptr;
    return true;
  }
  /// What waits in memory.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] bool is_spilled() const { return how_ == How::kSpilled; }
  [[nodiscard]] bool failed() const { return failed_; }

  void reset() {
    if (how_ == How::kSpilled) m3u::host::temp_delete(kFile);
    free_pieces();
    how_ = How::kPlain;
    file_size_ = read_ = 0;
    failed_ = false;
    packed_.reset();
  }

 private:
  enum class How : uint8_t { kPlain, kCompressed, kSpilled };
  struct Piece {
    char* data;
    uint32_t size;
    uint32_t plain_size;  // the same as `size`: not compressed
  };
  struct Header {
    uint32_t size;
    uint32_t plain_size;
  };
  static constexpr m3u::Text kFile = "rows";

  bool add_frame(m3u::Text frame) {
    if (how_ == How::kPlain) {
      auto* const copy = static_cast<char*>(m3u::detail::allocate_or_trap(frame.size()));
      __builtin_memcpy(copy, frame.data(), frame.size());
      const auto size = static_cast<uint32_t>(frame.size());
      keep({copy, size, size});
      return true;
    }
    const Piece piece = packed(frame);
    if (how_ == How::kCompressed) {
      keep(piece);
      return true;
    }
    const bool good = append({piece.data, piece.size}, piece.plain_size);
    m3u::detail::deallocate(piece.data);
    return good;
  }

  void keep(const Piece& piece) {
    pieces_.push_back(piece);
    bytes_ += piece.size;
  }
  void free(const Piece& piece) {
    m3u::detail::deallocate(piece.data);
    bytes_ -= piece.size;
  }

  Piece packed(m3u::Text frame) {
    const m3u::Text packed = packer_.pack(frame);
    const m3u::Text best = packed.size() < frame.size() ? packed : frame;
    auto* const copy = static_cast<char*>(m3u::detail::allocate_or_trap(best.size()));
    __builtin_memcpy(copy, best.data(), best.size());
    return {copy, static_cast<uint32_t>(best.size()), static_cast<uint32_t>(frame.size())};
  }

  static void unpack(const Piece& piece, m3u::Buffer& frame) {
    frame.clear();
    char* const to = frame.extend(piece.plain_size);
    if (piece.size == piece.plain_size)
      __builtin_memcpy(to, piece.data, piece.size);
    else
      packed::Unpacker({piece.data, piece.size}).unpack(to);
  }

  bool append(m3u::Text data, uint32_t plain_size) {
    const Header header{static_cast<uint32_t>(data.size()), plain_size};
    if (m3u::host::temp_append(kFile, &header, sizeof(header)) != 0) return false;
    if (m3u::host::temp_append(kFile, data.data(), data.size()) != 0) return false;
    file_size_ += sizeof(header) + data.size();
    return true;
  }

  bool next_spilled(m3u::Buffer& frame) {
    if (read_ == file_size_) return false;
    Header header{};
    failed_ = !read(&header, sizeof(header));
    if (failed_) return false;
    packed_.clear();
    char* const bytes = packed_.extend(header.size);
    failed_ = !read(bytes, header.size);
    if (failed_) return false;
    unpack({bytes, header.size, header.plain_size}, frame);
    return true;
  }
  bool read(void* to, uint32_t size) {
    const int32_t got = m3u::host::temp_read(kFile, static_cast<int64_t>(read_), to, size);
    read_ += size;
    return got >= 0 && static_cast<uint32_t>(got) == size;
  }

  void free_pieces() {
    for (const Piece& piece : pieces_) m3u::detail::deallocate(piece.data);
    pieces_.reset();
    next_ = 0;
    bytes_ = 0;
  }

  How how_ = How::kPlain;
  m3u::Array<Piece> pieces_;
  size_t next_ = 0;
  size_t bytes_ = 0;
  uint64_t file_size_ = 0;
  uint64_t read_ = 0;
  bool failed_ = false;
  m3u::Buffer packed_;
  packed::Packer packer_;
};
