// TerminalProgress: shows progress on standard error, as a bar on a terminal or as lines, and
// makes room for the log's lines in between.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include <m3u_proxy/cli/progress_view.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::cli {

/// Takes over the log's writer while it lives. Thread-safe.
class TerminalProgress final : public pipeline::ProgressListener {
 public:
  explicit TerminalProgress(ProgressView::Style style);
  ~TerminalProgress() override;

  void on_progress(std::string_view stage, std::uint64_t items, std::uint64_t done,
                   std::uint64_t total) override;

 private:
  void write_log_line(std::string_view line);

  ProgressView::Style style_;
  std::mutex mutex_;
  ProgressView view_;
  std::string shown_;  // the bar on the screen; empty: none
};

/// Whether standard error is a terminal that can show a bar.
bool stderr_is_terminal();

}  // namespace m3u_proxy::cli
