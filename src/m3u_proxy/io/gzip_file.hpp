// gzip files: the `.gz` beside a published file.
#pragma once

#include <memory>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::io {

/// Compresses what was written to `file` (not yet published) into `<target>.gz` (RFC 1952, without
/// name and time, so the same content gives the same bytes). Publish the result like the file.
/// Needs 1.3 MB of `slabs`. Errors: kIo, kOverBudget, kCancelled.
Result<std::unique_ptr<AtomicFile>> write_gzip(const AtomicFile& file, memory::SlabPool& slabs,
                                               const CancelToken* cancel = nullptr);

}  // namespace m3u_proxy::io
