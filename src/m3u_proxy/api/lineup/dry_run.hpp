// DryRun: what a change would do to the proxies that it concerns, without doing it.
//
// Their channels are made as they would be and compared with what is served. Guides are left out,
// and a source is as it was fetched last. There is a time for all proxies together; those that it
// does not reach are named. What is kept for the answer is reserved from the Budget.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/previews.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Belongs to one thread, and lives no longer than what it is made of.
class DryRun {
 public:
  static constexpr std::chrono::seconds kMostTime{10};
  static constexpr std::size_t kMostSamples = 20;  ///< of a proxy

  DryRun(const ApiContext& context, PublishedData& data, const Call& call);

  /// Looks at a proxy as `model` has it. Of the options limit and role are this class's. `note`
  /// says why the counts are not all that changes; "" where they are. Problems: as preview_proxy(),
  /// but for what only concerns this proxy.
  Outcome<void> look(const jobs::Model& model, const jobs::ProxyEntry& proxy,
                     PreviewOptions options = {}, std::string_view note = {});
  /// A proxy that would serve one of its generations. Problems: as PublishedData::open(),
  /// compare_with_served().
  Outcome<void> serve(const Uuid& proxy, std::string_view name, std::int64_t generation);
  /// A proxy that would be gone.
  Outcome<void> remove(const Uuid& proxy, std::string_view name);
  /// A proxy of which no channel changes, but something else does.
  Outcome<void> mention(const Uuid& proxy, std::string_view name, std::string_view note);

  /// Writes the members dry_run, exact, seconds, proxies and not_looked_at.
  void write(Json& json) const;
  [[nodiscard]] http::Response answer() const;

 private:
  struct Place {
    Uuid id{};
    std::string name{};
  };
  struct Impact {
    Place proxy{};
    ProxyPreview preview{};
    std::string note{};
  };
  /// Keeps it for the answer. Problem: 503 when there is no memory for it.
  Outcome<void> keep(Impact impact);
  Outcome<void> keep(Place not_looked_at);
  Outcome<void> reserve(std::size_t bytes);
  [[nodiscard]] bool is_late() const { return std::chrono::steady_clock::now() > deadline_; }
  Outcome<std::uint64_t> channels_of(const Uuid& proxy);

  const ApiContext& context_;
  PublishedData& data_;
  const Call& call_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point deadline_;
  memory::Reservation room_;  ///< of what is kept, and of the answer made of it
  std::vector<Impact> impacts_;
  std::vector<Place> not_looked_at_;
};

/// What DryRun::write() says of a change that concerns no proxy.
void write_no_proxies(Json& json);

/// Whether the query of a request says dry_run=true. Problem 422 for another word than true and
/// false.
Outcome<bool> is_dry_run(const http::Request& request);

}  // namespace m3u_proxy::api
