#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {

void ProblemLog::add(std::string_view reason, std::uint64_t line, std::uint64_t byte,
                     std::string_view detail) {
  count(reason);
  if (samples_.size() < kMaxSamples)
    samples_.push_back({.reason = reason,
                        .source = {},
                        .line = line,
                        .byte = byte,
                        .detail = excerpt(redact_urls_in(detail.substr(0, 4096)), 80)});
}

void ProblemLog::count(std::string_view reason, std::uint64_t n) {
  total_ += n;
  by_reason_[reason] += n;
}

void ProblemLog::merge(const ProblemLog& other, std::string_view source, std::uint64_t add_line,
                       std::uint64_t add_byte) {
  for (const auto& [reason, n] : other.by_reason_) count(reason, n);
  for (const ProblemSample& sample : other.samples_) {
    if (samples_.size() >= kMaxSamples) break;
    samples_.push_back(sample);
    ProblemSample& added = samples_.back();
    if (added.source.empty()) added.source = source;
    if (added.line != 0) added.line += add_line;
    added.byte += add_byte;
  }
}

void ProblemLog::clear() {
  total_ = 0;
  by_reason_.clear();
  samples_.clear();
}

std::uint64_t ProblemLog::of(std::string_view reason) const {
  const auto found = by_reason_.find(reason);
  return found == by_reason_.end() ? 0 : found->second;
}

}  // namespace m3u_proxy
