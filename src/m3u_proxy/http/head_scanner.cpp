#include <m3u_proxy/http/head_scanner.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::size_t kLineEnd = 2;
/// Some clients send a line end after a body that is not counted in it.
constexpr std::size_t kMostSkipped = 2 * kLineEnd;

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view text) {
  while (true) {
    const std::size_t feed = text.find('\n', searched_);
    if (feed == std::string_view::npos) {
      searched_ = text.size();
      return State::kMore;
    }
    if (feed == position_ || text[feed - 1] != '\r') return State::kBad;
    const std::size_t length = feed + 1 - position_;
    const char first = text[position_];
    position_ = searched_ = feed + 1;
    if (first_line_ == 0) {
      if (length > kLineEnd) {
        first_line_ = length;
      } else {
        skipped_ += length;
        if (skipped_ > kMostSkipped) return State::kBad;
      }
      continue;
    }
    if (length == kLineEnd) return State::kComplete;
    if (first == ' ' || first == '\t') return State::kBad;
  }
}

}  // namespace m3u_proxy::http
