// GuideText: the programmes of a guide on their way to the file, in order: in memory while they
// are few, in a temporary file once they are many.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::pipeline {

/// Not thread-safe.
class GuideText {
 public:
  static constexpr std::uint64_t kInMemory = std::uint64_t{8} << 20U;

  GuideText(memory::SlabPool& slabs, io::TempFolder& temp) : slabs_(&slabs), temp_(&temp) {}

  /// Appends `text`. Error: kIo.
  Result<> append(std::string_view text);
  /// Appends everything to `out`. Error: kIo.
  Result<> copy_to(io::AtomicFile& out) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  bool append_in_memory(std::string_view text);
  Result<> move_to_file();

  memory::SlabPool* slabs_;
  io::TempFolder* temp_;
  std::vector<memory::Slab> pieces_;  // all full but the last
  std::size_t used_in_last_ = 0;
  std::unique_ptr<io::TempFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace m3u_proxy::pipeline
