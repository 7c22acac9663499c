// Xtream reply: whether what an account answered has anything in it.
#pragma once

#include <memory>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::sources {

/// What an account was asked for.
enum class Asked : bool { kAccount, kList };

/// Whether a reply, compressed or not, has a stream, a series or a category, or the account itself
/// where that was asked for; false for `[]` and its like, for words such as an error in JSON, and
/// for what is no JSON. Reads as far as the first of them. Error: kOverBudget (about 1 MB is
/// reserved meanwhile), kCancelled.
Result<bool> has_records(std::unique_ptr<io::ByteSource> reply, memory::Budget& budget,
                         Asked asked);

}  // namespace m3u_proxy::sources
