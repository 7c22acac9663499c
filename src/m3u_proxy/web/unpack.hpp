// Unpacking: an asset's content, for the page itself and for clients that take no gzip.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::web {

/// Inflates what the build packed. `room` becomes the reservation (Tag::kHttp) for the text.
/// Errors: kOverBudget; kParse, which only damaged memory can cause. Thread-safe.
Result<std::string> unpack(std::string_view packed, memory::Budget& budget,
                           memory::Reservation& room);

}  // namespace m3u_proxy::web
