// PatternSet: many regular expressions searched in one value at once (RE2::Set), for fields on
// which a list of rules has many patterns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace m3u_proxy::rules {

class PatternSet {
 public:
  /// Compiles `sources` for a search that may use `memory_bytes` (too little is slow, never wrong);
  /// nullptr when they cannot be compiled together in that: the caller then searches one by one.
  static std::shared_ptr<const PatternSet> compile(const std::vector<std::string>& sources,
                                                   std::int64_t memory_bytes);

  /// The same patterns, without what RE2 has remembered while it searched.
  [[nodiscard]] std::shared_ptr<const PatternSet> fresh() const;

  PatternSet(const PatternSet&) = delete;
  PatternSet& operator=(const PatternSet&) = delete;
  ~PatternSet();

  /// The outcome of one search, reusable from value to value.
  struct Answers {
    std::vector<std::uint8_t> found{};  ///< per pattern: 1 when it is in the value
    std::vector<int> indices{};         ///< RE2's own list
    bool complete = false;              ///< false: RE2 ran out of memory
  };
  /// Searches all patterns in `value`. Thread-safe.
  void search(std::string_view value, Answers& answers) const;

 private:
  struct Engine;
  PatternSet() = default;
  std::unique_ptr<Engine> engine_;
  std::vector<std::string> sources_;
  std::int64_t memory_bytes_ = 0;
};

}  // namespace m3u_proxy::rules
