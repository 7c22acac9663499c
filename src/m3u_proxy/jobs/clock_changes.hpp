// When the clock alone makes what is published of a proxy another one, whatever its sources do.
#pragma once

#include <optional>

#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::jobs {

/// The first such moment later than `now`; nullopt: there is none. A guide with a window of days
/// becomes another one at midnight of [service] time_zone. Where the window ends within two days,
/// or a filter or rule asks for @time:now(), it is the full hour. Guides that a playlist names have
/// no schedule of their own: they are fetched with a generation, which is made twice a day.
std::optional<store::Time> next_change_by_clock(const Model& model, const ProxyEntry& proxy,
                                                store::Time now);

}  // namespace m3u_proxy::jobs
