// Xtream reply: whether what an account answered has anything in it.
#pragma once

#include <memory>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::sources {

/// Whether a reply, compressed or not, has a stream, a series, a category or the account itself;
/// false for `[]` and its like, for words such as an error in JSON, and for what is no JSON. Reads
/// as far as the first of them. Error: kOverBudget (about 1 MB is reserved meanwhile), kCancelled.
Result<bool> has_records(std::unique_ptr<io::ByteSource> reply, memory::Budget& budget);

}  // namespace m3u_proxy::sources
