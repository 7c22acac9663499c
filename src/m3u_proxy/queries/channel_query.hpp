// ChannelQuery: which channels of a lineup somebody wants to see, and in which order.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/frame_view.hpp>
#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/scratch.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>
#include <m3u_proxy/snapshots/programme_index.hpp>

namespace m3u_proxy::queries {

enum class ChannelSort : std::uint8_t { kOutput, kNumber, kName, kGroup, kSource, kGuideId };
/// "number", "name", "group", "source", "guide_id"; "" is the output order. nullopt: none of them.
std::optional<ChannelSort> sort_of(std::string_view name);

/// Whether a channel has programmes.
enum class GuideChoice : std::uint8_t { kAny, kWith, kWithout };

/// Everything that it says holds for a channel at once.
struct ChannelQuery {
  std::string search{};  ///< a part of the name, whatever its case
  std::string filter{};  ///< an expression of the rule language
  std::optional<std::string> group{};
  GuideChoice guide = GuideChoice::kAny;
  /// The channels that are meant, or are not; sorted ids. nullptr: all.
  std::shared_ptr<const std::vector<Uuid>> edits{};
  bool edited = true;  ///< those of `edits`, else the others
  ChannelSort sort = ChannelSort::kOutput;
  bool descending = false;

  /// Whether it is every channel, in whichever order.
  [[nodiscard]] bool is_all() const;
  /// A text that tells which channels are meant, without their order.
  [[nodiscard]] std::string selection() const;
};

/// A query, compiled: immutable and thread-safe.
class ChannelMatcher {
 public:
  /// `guide`: nullptr is a generation without a guide. Error: what is wrong with the expression.
  static std::expected<std::shared_ptr<const ChannelMatcher>, rules::Diagnostics> compile(
      const ChannelQuery& query, std::shared_ptr<const snapshots::GuideKeys> guide,
      const rules::Environment& environment = {});

  /// The memory of one thread that looks for channels, kept for the next piece.
  struct Workspace {
    explicit Workspace(memory::Budget& budget) : names(budget), frames(budget) {}
    snapshots::BlockBuffer names;
    snapshots::BlockBuffer frames;
    catalog::FrameView frame{};
    rules::Scratch scratch{};
    std::vector<std::uint32_t> candidates{};  ///< in the piece; bounded by its rows
  };
  /// Appends the rows of a piece that the query is true for, in order. Errors: kIo, kParse,
  /// kOverBudget.
  Result<> match(const snapshots::Lineup& lineup, std::size_t piece, Workspace& work,
                 std::vector<std::uint32_t>& rows) const;

 private:
  explicit ChannelMatcher(ChannelQuery query) : query_(std::move(query)) {}
  [[nodiscard]] Result<bool> find_names(const snapshots::Lineup& lineup, std::size_t piece,
                                        Workspace& work) const;
  [[nodiscard]] bool is_wanted(const catalog::FrameView& frame, std::size_t row) const;
  [[nodiscard]] bool needs_frame() const;

  ChannelQuery query_;
  std::string folded_;
  std::optional<rules::Filter> filter_;
  std::shared_ptr<const snapshots::GuideKeys> guide_;
};

}  // namespace m3u_proxy::queries
