// GuideText: the programmes of a guide on their way to the file, in order: in memory while they
// are few; then behind the head in the output itself, where the head is known by then, else in a
// temporary file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe.
class GuideText {
 public:
  /// No more than this is kept in memory, nor than a sixteenth of the limit.
  static constexpr Bytes kInMemory = mib(8);

  /// Writes what precedes the programmes to the output.
  using Head = std::function<Result<>()>;

  /// `early_head` is called when the programmes no longer fit in memory; empty where the head
  /// cannot be known before the end.
  GuideText(memory::SlabPool& slabs, io::TempFolder& temp, io::AtomicFile& out, Head early_head)
      : slabs_(&slabs),
        temp_(&temp),
        out_(&out),
        early_head_(std::move(early_head)),
        in_memory_(std::min(kInMemory.count, slabs.budget().limit().count / 16)) {}

  /// Appends `text`. Error: kIo.
  Result<> append(std::string_view text);
  /// Whether the head and all programmes so far are in the output.
  [[nodiscard]] bool in_output() const { return in_output_; }
  /// The early head was wrong: empties the output, keeps the programmes, and lets them wait for
  /// finish(). Only when in_output(). Error: kIo.
  Result<> take_back();
  /// Puts the head (unless it is there) and the programmes into the output. Error: kIo.
  Result<> finish(const Head& head);

 private:
  bool append_in_memory(std::string_view text);
  Result<> leave_memory();
  Result<> write_pieces(io::ByteSink& sink) const;

  memory::SlabPool* slabs_;
  io::TempFolder* temp_;
  io::AtomicFile* out_;
  Head early_head_;
  std::uint64_t in_memory_;
  std::vector<memory::Slab> pieces_;  // all full but the last
  std::size_t used_in_last_ = 0;
  bool in_output_ = false;
  std::uint64_t head_size_ = 0;  // in the output
  std::unique_ptr<io::TempFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace m3u_proxy::guide
