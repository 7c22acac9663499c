// Source impact: what other content of a source would be, and what the proxies that are made of it
// would be then.
#pragma once

#include <memory>
#include <optional>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/upload_file.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::api {

/// Other content of a source, as a row of the store would have it, and where it is.
struct PlannedContent {
  store::SourceSnapshot row{};
  /// None: proxies stay as they are.
  std::optional<jobs::OtherContent> content{};
  std::shared_ptr<const void> keeps{};  ///< what `content` is in
};

/// The reply that waits in quarantine. Problems: 409 (none waits); those of opening it.
Outcome<PlannedContent> waiting_content(const ApiContext& context, const jobs::SourceEntry& source);
/// What stays if that is dropped: nothing changes. Problems: 409 (none waits).
Outcome<PlannedContent> content_if_dropped(const ApiContext& context,
                                           const jobs::SourceEntry& source);
/// What an upload would be, read and checked as it would be. Problems: as Refresher::upload().
Outcome<PlannedContent> uploaded_content(const ApiContext& context, const Call& call,
                                         const jobs::SourceEntry& source,
                                         const std::shared_ptr<const io::TempFile>& file);

/// The document's SourceDryRun. `after`: nothing where only the provider knows. `joins`: the job
/// that is as good. Problems: as DryRun::look(); of the store.
Answer source_answer(const ApiContext& context, PublishedData& data, const Call& call,
                     const jobs::SourceEntry& source, const std::optional<PlannedContent>& after,
                     const std::optional<store::Job>& joins = {});

std::unexpected<Problem> nothing_waits();

}  // namespace m3u_proxy::api
