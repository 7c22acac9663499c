// Previews: what an expression or a change of the configuration would do, on the sources as they
// were fetched last: nothing is changed and nothing is fetched.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/generation/explanation.hpp>
#include <m3u_proxy/generation/preview.hpp>

namespace m3u_proxy::api {

/// The configuration with these entities in the place of those of the same names. Problems: 422
/// where they do not fit the rest; those of the store.
Outcome<std::shared_ptr<const jobs::Model>> model_with(const ApiContext& context,
                                                       std::span<const jobs::DraftEntity> drafts);

/// An expression by itself on the sources of a proxy or on some sources.
struct TestedExpression {
  std::string expression{};
  bool is_rule = false;
  bool excludes = false;  ///< a filter that takes out what it is true for
  catalog::Domain domain = catalog::Domain::kChannels;  ///< channels or programmes
  std::string proxy{};                                  ///< id; empty: `sources`
  std::vector<std::string> sources{};                   ///< ids
  std::size_t limit = 50;
};
/// Problems: 404, 422; those of a generation; 503 when memory does not allow it.
Outcome<generation::PreviewResult> test_expression(const ApiContext& context,
                                                   const TestedExpression& tested,
                                                   const std::function<bool()>& gone);

/// What becomes of channels on their way from a proxy's sources, `most` of them. Problems: as
/// test_expression().
Outcome<std::vector<generation::ExplainedChannel>> explain_from_sources(
    const ApiContext& context, const Uuid& proxy, const generation::ExplainedSubject& subject,
    std::size_t most, const std::function<bool()>& gone);

/// What a proxy would be.
struct ProxyPreview {
  std::uint64_t before = 0;  ///< channels
  std::uint64_t channels = 0;
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  std::string items{};  ///< of the differences, as a JSON list (lineup_difference.hpp)
};
struct PreviewOptions {
  std::size_t limit = 100;    ///< differences
  Role role = Role::kViewer;  ///< of the person who sees the addresses
  /// Whole edits in the place of those of the same channels; one that says nothing takes its
  /// channel's away.
  std::vector<edits::ChannelEdit> edits{};
  /// In the place of all edits that are stored; a nullptr in it: there would be none.
  std::optional<std::shared_ptr<const edits::ChannelEdits>> only_edits{};
  jobs::OtherContents contents{};  ///< of sources
};
/// Makes the channels of `proxy` as `model` says, both of which may differ from what is stored, and
/// compares them with what is served; guides are left out. For dry runs too. Problems: as
/// test_expression(); one of `gone` ends it.
Outcome<ProxyPreview> preview_proxy(const ApiContext& context, PublishedData& data,
                                    const jobs::Model& model, const jobs::ProxyEntry& proxy,
                                    const PreviewOptions& options,
                                    const std::function<bool()>& gone);
/// Compares what would be served of a proxy with what is. Of the options the first two hold.
/// Problems: those of opening what is served; 503 when memory does not allow it.
Outcome<ProxyPreview> compare_with_served(const ApiContext& context, PublishedData& data,
                                          const queries::OpenGeneration& after,
                                          const PreviewOptions& options);

}  // namespace m3u_proxy::api
