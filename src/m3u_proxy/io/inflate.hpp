// Inflating: whatever the name of a file says, its first bytes tell whether it is compressed.
//
// gzip, bzip2, xz and zstd, any number of concatenated members, and ZIP archives of one file, up to
// two wrappings; everything else passes through without a copy. Inflated bytes go straight into the
// caller's buffer.
#pragma once

#include <memory>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

struct InflateOptions {
  /// Beyond `ratio_applies_from` inflated bytes, data that shrank more than this is taken for an
  /// attack: no playlist or guide comes near (they shrink 10 to 100 times).
  std::uint64_t max_ratio = 10'000;
  std::uint64_t ratio_applies_from = std::uint64_t{1} << 30U;
};

/// Inflates what `source` gives. Nothing is read or reserved before the first read(); then a
/// decoder takes 256 KB and its format's state (gzip and ZIP 0.1 MB, bzip2 ≤ 4 MB, xz and zstd as
/// much as the file asks for, zstd ≤ 128 MB), all reserved from `budget` under Tag::kInput.
///
/// read(): what could be inflated is always delivered first. Then kParse when the data is
/// truncated, damaged, followed by something else, or wrapped more than twice, with `where.byte` =
/// inflated bytes delivered and the compressed offset in the message; is_partial_input() tells
/// whether something usable came before. kOverBudget when the Budget refuses the decoder's memory,
/// with the MB it needs. Errors of `source` come through. consumed() and size() are of `source`.
std::unique_ptr<ByteSource> make_inflating_source(std::unique_ptr<ByteSource> source,
                                                  memory::Budget& budget,
                                                  const InflateOptions& options = {});

/// The error of an input that ended too early or broke, with what is_partial_input() knows it by.
Error as_partial_input(Error error);

/// Whether the error of a read() means that the input ended too early or broke: what was read
/// before it is the beginning of good data, so the source is partial, not unusable.
bool is_partial_input(const Error& error);

}  // namespace m3u_proxy::io
