// Fuzz target: what a snapshot is read from.
//
// Whatever the bytes, opening them as a block file or a manifest ends without a fault, takes no
// more memory than the Budget has, and never gives a block that does not have its checksum.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m3u_proxy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = snapshots::parse_manifest(text);
  if (manifest && snapshots::to_text(*manifest) != text) std::abort();

  io::Descriptor file(::memfd_create("blocks", MFD_CLOEXEC));
  if (!file.valid() || !io::write_all(file.get(), text, "fuzz")) std::abort();
  memory::Budget budget(mib(4));
  const auto reader = snapshots::BlockReader::open(std::move(file), "blocks", budget, 7);
  if (!reader) return 0;
  snapshots::BlockBuffer buffer(budget);
  for (std::size_t i = 0; i < (*reader)->blocks().size(); ++i) {
    const auto& block = (*reader)->blocks()[i];
    (void)(*reader)->find(block.kind, block.first_item);
    const auto bytes = (*reader)->read(i, buffer);
    if (bytes && bytes->size() != block.size) std::abort();
  }
  return 0;
}
