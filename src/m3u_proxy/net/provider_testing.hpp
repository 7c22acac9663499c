// ProviderProcess: the lying provider of tests/functional, as a child process, for the tests here.
#pragma once

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace m3u_proxy::net {

/// Runs from construction to destruction; ends by itself should the test die.
class ProviderProcess {
 public:
  ProviderProcess() {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
      std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      ::execlp("python3", "python3", M3U_PROXY_PROVIDER, nullptr);
      ::_exit(1);
    }
    ::close(input[0]);
    ::close(output[1]);
    keep_alive_ = input[1];
    char c = 0;
    while (::read(output[0], &c, 1) == 1 && c != '\n') port_ += c;
    ::close(output[0]);
  }
  ProviderProcess(const ProviderProcess&) = delete;
  ProviderProcess& operator=(const ProviderProcess&) = delete;
  ~ProviderProcess() {
    ::close(keep_alive_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  /// False when python3 is not there.
  [[nodiscard]] bool runs() const { return !port_.empty(); }
  /// The address of a behaviour: url("/busy/list.m3u").
  [[nodiscard]] std::string url(std::string_view path, std::string_view user = "") const {
    std::string text = "http://";
    text += user;
    if (!user.empty()) text += '@';
    return text + "127.0.0.1:" + port_ + std::string(path);
  }

 private:
  pid_t child_ = -1;
  int keep_alive_ = -1;
  std::string port_;
};

}  // namespace m3u_proxy::net
