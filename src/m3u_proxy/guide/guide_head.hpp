// GuideHead: what a guide begins with: its date and its `<channel>`s, in the order of the playlist.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>
#include <m3u_proxy/guide/source_channels.hpp>
#include <m3u_proxy/io/atomic_file.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Errors: kOverBudget, kDiskFull, kIo.
class GuideHead {
 public:
  /// All live longer.
  GuideHead(const pipeline::RunContext& context, const GuideOptions& options,
            const GuideIndex& index, const PlaylistChannels& channels);

  /// A source has this date, as it is in the source; the latest one counts.
  void take_date(const std::string& date);
  /// A source declares an output with this `<channel>`, which is checked.
  Result<> add_channel(std::uint32_t output, std::uint16_t source, std::string_view element) {
    return source_channels_.add(output, source, element);
  }
  /// Writes the head as it is now, and reports in `problems` what strict_dtd left out.
  Result<> write(io::AtomicFile& out, ProblemLog& problems);
  /// Whether what was written would be the same now.
  [[nodiscard]] bool holds() const;
  /// Channels written.
  [[nodiscard]] std::uint64_t channels() const { return written_channels_; }

 private:
  void append_channel(std::pmr::string& text, const ListedChannel& listed, std::string_view source,
                      ProblemLog& problems);

  const GuideOptions* options_;
  const GuideIndex* index_;
  const PlaylistChannels* channels_;
  memory::BudgetResource memory_;
  SourceChannels source_channels_;
  std::string date_;
  std::int64_t date_epoch_ = 0;
  std::pmr::string channel_text_;
  // What it was written with:
  std::string written_date_;
  std::uint64_t written_listed_ = 0;
  std::uint64_t written_sources_ = 0;
  std::uint64_t written_channels_ = 0;
};

}  // namespace m3u_proxy::guide
