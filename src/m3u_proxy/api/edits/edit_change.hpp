// Edit change: edits of many channels that are changed together, all or none: tried out, or written
// with an answer that says what was before, so that it can be taken back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>

namespace m3u_proxy::api {

/// So many channels are changed together at most.
inline constexpr std::size_t kMostEdits = 1000;

struct EditChange {
  /// Makes the edit of a channel what it is to be, of the edit that is stored or of a new one;
  /// `revision` is that of the stored one, 0: there is none. It may be called again for a channel.
  using Make =
      std::function<Result<>(std::size_t index, std::int64_t revision, edits::ChannelEdit& edit)>;

  std::string_view action{};     ///< what the audit log calls it
  std::optional<Uuid> proxy{};   ///< nullopt: for all proxies
  std::vector<Uuid> channels{};  ///< each once
  Make make{};
  bool is_dry = false;
};

/// 412: the edit is not any more what the client saw.
std::unexpected<Problem> changed_meanwhile();

/// Problems: as DryRun::look(); 409 for an edit of the configuration file; 422; that of `make`.
Answer change_edits(const ApiContext& context, PublishedData& data, const Call& call,
                    const EditChange& change);

}  // namespace m3u_proxy::api
