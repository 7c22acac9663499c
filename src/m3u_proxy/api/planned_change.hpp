// PlannedChange: the answer to who asks by dry_run=true what a change of something other than
// channels would do: what there is, and what there would be.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/api/answers.hpp>

namespace m3u_proxy::api {

class DryRun;

struct PlannedChange {
  std::string_view action{};  ///< "create", "change", "remove"
  std::string before{};       ///< JSON; empty: there is none
  std::string after{};        ///< the same
  /// What else comes of it: names with JSON.
  std::vector<std::pair<std::string_view, std::string>> more{};
};
/// `run`: the proxies that it concerns; nullptr: none.
http::Response planned_answer(const PlannedChange& planned, const DryRun* run = nullptr);

}  // namespace m3u_proxy::api
