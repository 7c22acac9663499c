// How two generations of a proxy differ, channel by channel.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

/// As JSON: the counts, and the first thousand channels. Errors: kNotFound, kParse, kIo,
/// kOverBudget, kCancelled.
Result<std::string> compare_generations(const jobs::Generator& generator, runtime::Process& process,
                                        const Uuid& proxy, std::int64_t from, std::int64_t to,
                                        const CancelToken* cancel);

}  // namespace m3u_proxy::daemon
