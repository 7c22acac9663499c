#include <atomic>
#include <csignal>

#include <unistd.h>

#include <m3u_proxy/cli/exit_code.hpp>
#include <m3u_proxy/cli/signals.hpp>

namespace m3u_proxy::cli {
namespace {

std::atomic<CancelToken*> cancelled_token{nullptr};

// Only what is safe in a signal handler: lock-free atomics and _exit.
void on_signal(int /*signal*/) {
  CancelToken* token = cancelled_token.load(std::memory_order_relaxed);
  if (token == nullptr || token->cancelled()) _exit(static_cast<int>(ExitCode::kFailed));
  token->cancel();
}

}  // namespace

void cancel_on_signals(CancelToken& token) {
  cancelled_token.store(&token, std::memory_order_relaxed);
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a blocked read returns, so that the waiting code looks at the token.
  action.sa_flags = 0;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  // A closed pipe and a file beyond `ulimit -f` are errors of write(2) like others.
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGXFSZ, &action, nullptr);
}

}  // namespace m3u_proxy::cli
