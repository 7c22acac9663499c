// ProgressToJob: what a generation says of its progress, as that of the job that it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::jobs {

/// The job outlives it.
class ProgressToJob final : public pipeline::ProgressListener {
 public:
  explicit ProgressToJob(const JobContext& job) : job_(job) {}
  void on_progress(std::string_view stage, std::uint64_t items, std::uint64_t done,
                   std::uint64_t total) override {
    job_.progress({.stage = std::string(stage), .items = items, .done = done, .total = total});
  }

 private:
  const JobContext& job_;
};

}  // namespace m3u_proxy::jobs
