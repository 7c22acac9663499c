#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/windows/window_results.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20U;
constexpr std::size_t kMaxRecords = std::size_t{16} << 10U;

}  // namespace

void WindowResults::clear(std::string_view window) {
  pieces.reset(window);
  empty_out(channel_text);
  channels.clear();
  programmes.clear();
  noted.clear();
  problems.clear();
  seen = channels_seen = matched = matched_unusable = unusable = written = 0;
  filter_counts.counters.clear();
  rule_counts.counters.clear();
}

bool WindowResults::is_full() const {
  return pieces.text_size() >= kMaxText || channel_text.size() >= kMaxText ||
         channels.size() >= kMaxRecords || programmes.size() >= kMaxRecords;
}

}  // namespace m3u_proxy::guide
