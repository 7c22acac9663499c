// Current model: what a service works with. It goes on, and starts, also where the configuration
// file took away what people's proxies name.
#pragma once

#include <memory>
#include <span>

#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::jobs {

/// load_model() of what is there, where a proxy goes without the sources, filters and rules that it
/// names and that are not there, with a warning for each: the configuration file does not have them
/// any more. One that lacks a filter goes without sources: what it has published stays. Errors: of
/// load_model().
Result<std::shared_ptr<const Model>> load_current_model(store::Store& store,
                                                        const config::Configuration& base,
                                                        std::span<const DraftEntity> drafts = {});

}  // namespace m3u_proxy::jobs
