#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr Bytes kLeast = kib(256);
constexpr std::uint64_t kShareOfLimit = 8;

/// What jobs may have: all but the room of a service's connections and database.
Bytes limit_of_jobs(const memory::Budget& budget) {
  const Bytes limit = budget.limit();
  const Bytes others = budget.used(memory::Tag::kHttp) + budget.used(memory::Tag::kStore);
  return limit > others ? limit - others : Bytes{};
}

}  // namespace

Bytes most_sorter_memory(const memory::Budget& budget, const SorterOptions& options) {
  return std::max(kLeast, std::min(options.memory, limit_of_jobs(budget) / kShareOfLimit));
}

Result<bool> grow_sorter_memory(io::Buffer& buffer, memory::Budget& budget, memory::Tag tag,
                                Bytes most) {
  const std::size_t size = buffer.size();
  if (size >= most.count) return false;
  const std::size_t step = size == 0 ? kSorterBlock : size;
  const Bytes more{memory::round_to_pages(std::min(step, most.count - size))};
  auto reserved = budget.reserve(tag, more);
  if (!reserved) return false;
  M3U_CHECK(buffer.grow(*std::move(reserved)));
  return true;
}

}  // namespace m3u_proxy::spill
