// Run history: the figures of a proxy's last runs, kept for the next one's prediction.
//
// It is small and may be lost at any time: of what it says only the size of the last guide matters
// for what is published, where `max_shrink` asks for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <m3u_proxy/generation/generation_stats.hpp>
#include <m3u_proxy/memory/prediction.hpp>

namespace m3u_proxy::generation {

/// Where the histories of proxies are kept.
class RunHistoryStore {
 public:
  RunHistoryStore() = default;
  RunHistoryStore(const RunHistoryStore&) = delete;
  RunHistoryStore& operator=(const RunHistoryStore&) = delete;
  virtual ~RunHistoryStore() = default;

  /// Empty when there is none, and, with a warning, when it is damaged.
  virtual memory::RunHistory read(std::string_view proxy) = 0;
  /// Replaces a proxy's history. Error: kIo; the old one stays.
  virtual Result<> write(std::string_view proxy, const memory::RunHistory& history) = 0;
};

/// Each in a file `.NAME.history.json` of one folder, beside what is published there; a file is
/// replaced as a whole and not synced to the disk: losing it costs one worse prediction.
class HistoryFiles final : public RunHistoryStore {
 public:
  explicit HistoryFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  memory::RunHistory read(std::string_view proxy) override;
  Result<> write(std::string_view proxy, const memory::RunHistory& history) override;
  [[nodiscard]] std::filesystem::path path_of(std::string_view proxy) const;

 private:
  std::filesystem::path folder_;
};

/// The document that a file holds, and back. Error: kParse.
std::string to_json(const memory::RunHistory& history);
Result<memory::RunHistory> parse_history(std::string_view text);

/// Whether what is published would lose more than `max_shrink` (0 to 1, a share) of what it has.
constexpr bool loses_too_much(std::uint64_t before, std::uint64_t now, double max_shrink) {
  return static_cast<double>(now) < static_cast<double>(before) * (1.0 - max_shrink);
}

/// Programmes of the guide that was published last; nullopt when that is not known.
std::optional<std::uint64_t> last_guide_programmes(const memory::RunHistory& history);

/// What a finished generation adds to the history `before` it.
memory::RunRecord record_of_run(const GenerationStats& stats, const memory::RunSize& size,
                                std::int64_t now, const memory::RunHistory& before);

}  // namespace m3u_proxy::generation
