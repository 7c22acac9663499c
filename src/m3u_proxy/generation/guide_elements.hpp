// The elements of a proxy's EPG sources, one after the other, for previews.
#pragma once

#include <functional>
#include <string_view>

#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>

namespace m3u_proxy::generation {

struct GuideElement {
  std::string_view text;  ///< valid during the call
  formats::XmltvKind kind;
  bool clean;  ///< what XmltvChecker::has_clean_bytes() says of what is around it
  const guide::EpgSource* source;
};

/// Calls `show` for every element of every EPG source, in order. A source that fails is logged and
/// the others go on. Errors: those of `show`, that of the first source when all failed,
/// kOverBudget, kCancelled.
Result<> for_each_guide_element(const ResolvedProxyConfig& config,
                                const pipeline::RunContext& context,
                                const std::function<Result<>(const GuideElement&)>& show);

}  // namespace m3u_proxy::generation
