// ProblemLog: counts what was skipped or repaired, by reason, and keeps a bounded sample of it.
//
// A log never grows with the input: one counter a reason, at most kMaxSamples samples.
// Not thread-safe: each batch fills its own, the serial step merges them in order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace m3u_proxy {

/// One thing that was skipped or repaired, for people to find it again.
struct ProblemSample {
  std::string_view reason;  ///< a literal such as "extinf_without_url"
  std::string source;       ///< the source's name
  std::uint64_t line = 0;   ///< from 1; 0 when not known
  std::uint64_t byte = 0;   ///< offset in the inflated input; for guides
  std::string detail;       ///< an excerpt, one line
};

class ProblemLog {
 public:
  static constexpr std::size_t kMaxSamples = 100;

  /// Counts one. `reason` must be a literal: it is kept by reference. `detail` is cut to 80 bytes,
  /// and credentials in its URLs are not shown.
  void add(std::string_view reason, std::uint64_t line, std::uint64_t byte,
           std::string_view detail);
  /// Counts `n` of a kind that needs no sample.
  void count(std::string_view reason, std::uint64_t n = 1);
  /// Appends `other`, found later in the input; its lines and bytes get these added, and its
  /// samples without a source get `source`.
  void merge(const ProblemLog& other, std::string_view source, std::uint64_t add_line = 0,
             std::uint64_t add_byte = 0);
  void clear();

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t of(std::string_view reason) const;
  [[nodiscard]] const std::map<std::string_view, std::uint64_t>& by_reason() const {
    return by_reason_;
  }
  [[nodiscard]] const std::vector<ProblemSample>& samples() const { return samples_; }

 private:
  std::uint64_t total_ = 0;
  std::map<std::string_view, std::uint64_t> by_reason_;
  std::vector<ProblemSample> samples_;
};

}  // namespace m3u_proxy
