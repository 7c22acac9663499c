// What has to be right about a frame that a plugin gave before it is used.
#pragma once

#include <cstddef>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/catalog/batch_frame.hpp>

namespace m3u_proxy::plugin_host {

/// Where a frame may begin in memory.
constexpr std::size_t kFrameAlignment = 16;

/// A batch of channels. Errors, as of the other: kPlugin, with what is wrong about it.
Result<catalog::FrameSummary> check_channel_frame(catalog::FrameBytes frame);
/// A batch of programmes.
Result<> check_programme_frame(catalog::FrameBytes frame);

}  // namespace m3u_proxy::plugin_host
