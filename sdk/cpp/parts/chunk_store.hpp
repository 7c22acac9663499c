// ChunkStore: chunks of channels that wait until all are there.
#pragma once

#include "channel_editor.hpp"
#include "packed_frame.hpp"

namespace m3u {

/// Chunks of channels that wait, plain, compressed or in a temporary file, and come back one by one
/// in the order in which they came. How they wait does not show in what comes back. Spilling needs
/// the permission temp_files; the file's name is "chunks".
class ChunkStore {
 public:
  ChunkStore() = default;
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;
  ~ChunkStore() { free_pieces(); }

  /// Keeps the chunk as edited. False: the temporary file failed.
  bool add(const ChannelEditor& editor) {
    if (editor.unchanged()) {
      const Text frame = editor.batch().frame();
      return how_ == How::kPlain ? keep(copy_of(frame), frame.size()) : add_packed(frame);
    }
    const detail::Block block = editor.build();
    auto* const data = static_cast<char*>(block.data);
    if (how_ == How::kPlain) return keep({data, block.size}, block.size);
    const bool added = add_packed({data, block.size});
    detail::deallocate(data);
    return added;
  }

  /// From now on chunks wait compressed, those that are here too.
  void compress() {
    if (how_ != How::kPlain) return;
    how_ = How::kCompressed;
    for (size_t i = next_; i < pieces_.size(); ++i) {
      const Piece plain = pieces_[i];
      const Text packed = copy_of(pack({plain.data, plain.size}));
      pieces_[i] = {packed.data(), static_cast<uint32_t>(packed.size()), plain.size};
      bytes_ += packed.size();
      free(plain);
    }
  }

  /// From now on chunks wait in a temporary file, those that are here too; seen(chunk) is called
  /// for each of these, and spilling ends when it says false. False: that failed, and all are
  /// still here. True, and nothing is done, where they are there already.
  template <typename F>
  bool spill(F&& seen) {
    if (is_spilled()) return true;
    file_size_ = read_ = 0;
    bool good = host::temp_write(kFile, nullptr, 0) == 0;
    Buffer frame;
    for (size_t i = next_; good && i < pieces_.size(); ++i) {
      unpack(pieces_[i], frame);
      good = seen(ChannelBatch(frame.data(), frame.size())) &&
             append({pieces_[i].data, pieces_[i].size}, pieces_[i].plain_size);
    }
    if (!good) {
      host::temp_delete(kFile);
      return false;
    }
    how_ = How::kSpilled;
    free_pieces();
    return true;
  }

  bool spill() {
    return spill([](const ChannelBatch& /*chunk*/) { return true; });
  }

  /// The next chunk; false at the end, or when reading it failed.
  bool next(Buffer& frame) {
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

  /// Forgets all, and gives memory and file back.
  void reset() {
    if (how_ == How::kSpilled) host::temp_delete(kFile);
    free_pieces();
    how_ = How::kPlain;
    file_size_ = read_ = 0;
    failed_ = false;
    packed_.reset();
  }

 private:
  enum class How : uint8_t { kPlain, kCompressed, kSpilled };
  struct Piece {
    const char* data;
    uint32_t size;
    uint32_t plain_size;  // the same as `size`: not compressed
  };
  struct Header {
    uint32_t size;
    uint32_t plain_size;
  };
  static constexpr Text kFile = "chunks";

  bool add_packed(Text frame) {
    const Text packed = pack(frame);
    return how_ == How::kSpilled ? append(packed, static_cast<uint32_t>(frame.size()))
                                 : keep(copy_of(packed), frame.size());
  }

  /// Takes over `data`.
  bool keep(Text data, size_t plain_size) {
    pieces_.push_back(
        {data.data(), static_cast<uint32_t>(data.size()), static_cast<uint32_t>(plain_size)});
    bytes_ += data.size();
    return true;
  }
  void free(const Piece& piece) {
    release(piece.data);
    bytes_ -= piece.size;
  }

  static void release(const char* data) { detail::deallocate(const_cast<char*>(data)); }
  static Text copy_of(Text text) {
    auto* const copy = static_cast<char*>(detail::allocate_or_trap(text.size()));
    __builtin_memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  /// The frame, packed where that is smaller; valid until the next call.
  Text pack(Text frame) {
    const Text packed = packer_.pack(frame);
    return packed.size() < frame.size() ? packed : frame;
  }

  static void unpack(const Piece& piece, Buffer& frame) {
    frame.clear();
    char* const to = frame.extend(piece.plain_size);
    if (piece.size == piece.plain_size)
      __builtin_memcpy(to, piece.data, piece.size);
    else
      detail::packed::Unpacker({piece.data, piece.size}).unpack(to);
  }

  bool append(Text data, uint32_t plain_size) {
    const Header header{static_cast<uint32_t>(data.size()), plain_size};
    if (host::temp_append(kFile, &header, sizeof(header)) != 0) return false;
    if (host::temp_append(kFile, data.data(), data.size()) != 0) return false;
    file_size_ += sizeof(header) + data.size();
    return true;
  }

  bool next_spilled(Buffer& frame) {
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
    const int32_t got = host::temp_read(kFile, static_cast<int64_t>(read_), to, size);
    read_ += size;
    return got >= 0 && static_cast<uint32_t>(got) == size;
  }

  void free_pieces() {
    for (const Piece& piece : pieces_) release(piece.data);
    pieces_.reset();
    next_ = 0;
    bytes_ = 0;
  }

  How how_ = How::kPlain;
  Array<Piece> pieces_;
  size_t next_ = 0;
  size_t bytes_ = 0;
  uint64_t file_size_ = 0;
  uint64_t read_ = 0;
  bool failed_ = false;
  Buffer packed_;
  detail::packed::Packer packer_;
};

}  // namespace m3u
