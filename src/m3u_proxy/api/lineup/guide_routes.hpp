// Guide routes: the channels that a proxy's guides have, and which of them come near a channel.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/lineup/guide_catalog.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_guide_routes(Operations& operations, const std::shared_ptr<GuideCatalog>& catalog);

/// A guide's channel that may be a channel's.
struct GuideCandidate {
  std::string id{};
  std::string name{};
  std::string source{};
  std::string_view how{};  ///< "id", "case" or "name"
};
/// Those that have the guide id, have it but for its case, or the name (as a guide is matched by
/// names), the best first, `most` of them. Errors: of the files.
Result<std::vector<GuideCandidate>> find_candidates(const GuideCatalog::Guides& guides,
                                                    std::string_view guide_id,
                                                    std::string_view name, std::size_t most);

}  // namespace m3u_proxy::api
