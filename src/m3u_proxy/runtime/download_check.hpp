// Whether a download may take the place of the last good copy of its source: what a server says on
// a bad day (nothing, an error, a document without anything in it) must not.
#pragma once

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/sources/source_store.hpp>

namespace m3u_proxy::runtime {

/// Looks at the beginning of a download, inflated. Error kParse, with its first words: it is
/// plainly no playlist or guide, or it is shorter than 64 KB and has no channel and no programme,
/// or is a playlist that the reader refuses (that of one stream).
/// What is longer, or in an encoding of several bytes a character, is left to the reader. Other
/// errors: those of the source.
Result<> check_download(sources::SourceRequest::Wanted wanted, io::ByteSource& bytes);

}  // namespace m3u_proxy::runtime
