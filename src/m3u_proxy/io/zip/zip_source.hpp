// ZIP source: the one file of a ZIP archive, as people and providers pack a list or a guide.
#pragma once

#include <memory>
#include <string_view>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

/// Whether `head` (4 bytes are enough) begins an archive.
bool is_zip(std::string_view head);

/// Opens the archive that `source`, which must outlive the result, gives from its start. Stored and
/// deflated files, ZIP64, sizes before or behind the data; the checksum is verified at the end.
/// Where `source` can be read at any place its directory says what there is, else the archive is
/// read as it comes and what follows its first file is an error once that is reached.
///
/// Errors: kParse for an archive with no file or with several (they are listed), an encrypted one,
/// another way of packing; kOverBudget; those of `source`. read(): the same, and is_partial_input()
/// where the archive is truncated or damaged.
Result<std::unique_ptr<ByteSource>> open_zip(ByteSource& source, memory::Budget& budget);

}  // namespace m3u_proxy::io
