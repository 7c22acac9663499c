#include <cstdio>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/terminal_progress.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr std::size_t kUsualColumns = 80;
// Back to the first column and erase to the end of the line (ECMA-48 EL).
constexpr std::string_view kEraseLine = "\r\x1b[K";

std::size_t columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

/// One write a picture, so that nothing of another program comes in between.
void print(const std::string& text) { print_to(stderr, text); }

}  // namespace

TerminalProgress::TerminalProgress(ProgressView::Style style)
    : style_(style), view_(style, columns(), std::chrono::steady_clock::now()) {
  log::set_writer([this](std::string_view line) { write_log_line(line); });
}

TerminalProgress::~TerminalProgress() {
  log::set_writer({});
  if (!shown_.empty()) print(std::string(kEraseLine));
}

void TerminalProgress::on_progress(std::string_view stage, std::uint64_t items, std::uint64_t done,
                                   std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  const auto line = view_.update(stage, items, done, total, std::chrono::steady_clock::now());
  if (!line) return;
  if (style_ == ProgressView::Style::kPlain) return print(*line + '\n');
  shown_ = *line;
  print(std::string(kEraseLine) + shown_);
}

void TerminalProgress::write_log_line(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::string text;
  if (!shown_.empty()) text += kEraseLine;
  text += line;
  text += '\n';
  text += shown_;
  print(text);
}

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): before any thread
  return isatty(STDERR_FILENO) != 0 && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace m3u_proxy::cli
