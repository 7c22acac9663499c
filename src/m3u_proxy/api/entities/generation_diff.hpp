// Generation diff: how two generations of a proxy differ, channel by channel, a page at a time.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::api {

struct DiffRequest {
  Uuid proxy{};
  std::int64_t from = 0;      ///< a generation
  std::int64_t to = 0;        ///< a generation
  std::uint64_t skip = 0;     ///< differences
  std::uint64_t limit = 100;  ///< differences
};
/// As JSON: the counts, and the differences in the order of ids. Errors: kNotFound, kParse, kIo,
/// kOverBudget, kCancelled.
Result<std::string> diff_json(const jobs::Generator& generator, runtime::Process& process,
                              const DiffRequest& request, const CancelToken* cancel);

}  // namespace m3u_proxy::api
