#include <cstddef>
#include <cstdint>

#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/plugin_host/frame_check.hpp>

namespace m3u_proxy::plugin_host {
namespace {

Result<> check_with(Result<> (*verify)(catalog::FrameBytes), catalog::FrameBytes frame) {
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % kFrameAlignment != 0)
    return fail(ErrorCode::kPlugin, "it gave a batch that is not at a multiple of 16");
  const auto verified = verify(frame);
  if (!verified)
    return fail(ErrorCode::kPlugin, "it gave a bad batch: " + verified.error().message);
  return {};
}

}  // namespace

Result<catalog::FrameSummary> check_channel_frame(catalog::FrameBytes frame) {
  M3U_CHECK(check_with(catalog::verify_frame, frame));
  return catalog::summarize(frame);
}

Result<> check_programme_frame(catalog::FrameBytes frame) {
  return check_with(catalog::verify_programme_frame, frame);
}

}  // namespace m3u_proxy::plugin_host
