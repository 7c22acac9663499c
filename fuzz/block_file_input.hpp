// BlockFileInput: makes a block file of a fuzzer's bytes, and puts it in the place of a file of a
// snapshot. Its checksums fit, so that what is behind them is reached.
//
// The bytes are blocks, one after the other: kind (1), a byte that is not used, size (2), items
// (4), number of the first item (8), and as many bytes as there are of `size`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::fuzz {

/// A block of the input.
struct InputBlock {
  std::uint8_t kind = 0;
  std::uint8_t unused = 0;
  std::uint16_t size = 0;
  std::uint32_t items = 0;
  std::uint64_t first = 0;
};
static_assert(sizeof(InputBlock) == 16);

class BlockFileInput {
 public:
  /// A snapshot with the file `name`, and with `other`, which has the content `text`.
  BlockFileInput(std::string_view name, std::string_view other, std::string_view text) {
    std::string folder =
        (std::filesystem::temp_directory_path() / "m3u-proxy-fuzz-XXXXXX").string();
    require(::mkdtemp(folder.data()) != nullptr);
    const auto snapshots = snapshots::SnapshotFolder::open(folder);
    require(snapshots.has_value());
    const auto draft = snapshots->begin();
    require(draft.has_value() && (*draft)->create(name).has_value());
    const auto file = (*draft)->create(other);
    require(file.has_value() && (*file)->write(text).has_value());
    require((*draft)->commit("1").has_value());
    const auto made = snapshots->get("1");
    require(made.has_value());
    snapshot_ = *made;
    file_ = io::Descriptor(::open((snapshot_->path() / name).c_str(), O_WRONLY | O_CLOEXEC));
    require(file_.valid());
    std::filesystem::remove_all(folder);  // the open files stay
  }

  /// The snapshot, whose file is now made of `data`. The one before is not to be used any more.
  std::shared_ptr<const snapshots::Snapshot> take(const std::uint8_t* data, std::size_t size,
                                                  std::uint32_t content) {
    require(::ftruncate(file_.get(), 0) == 0 && ::lseek(file_.get(), 0, SEEK_SET) == 0);
    Sink sink(file_.get());
    memory::Budget budget;
    snapshots::BlockWriter writer(sink, budget, content);
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (rest.size() >= sizeof(InputBlock)) {
      InputBlock block;
      std::memcpy(&block, rest.data(), sizeof(block));
      rest.remove_prefix(sizeof(block));
      const std::string_view bytes = rest.substr(0, block.size);
      rest.remove_prefix(bytes.size());
      require(writer.append(block.kind, block.first, block.items, bytes).has_value());
    }
    require(writer.finish().has_value());
    return snapshot_;
  }

 private:
  class Sink final : public io::ByteSink {
   public:
    explicit Sink(int file) : file_(file) {}
    Result<> write(std::string_view bytes) override { return io::write_all(file_, bytes, "fuzz"); }

   private:
    int file_;
  };
  static void require(bool holds) {
    if (!holds) std::abort();
  }

  std::shared_ptr<const snapshots::Snapshot> snapshot_;
  io::Descriptor file_;
};

}  // namespace m3u_proxy::fuzz
