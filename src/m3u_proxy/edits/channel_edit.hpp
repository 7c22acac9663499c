// ChannelEdit: what a person changed of one channel, and ChannelEdits: all of them that hold for
// one proxy, as a generation asks for them.
//
// An edit hangs on the channel's stable id. It is applied after the rules, whose word it overrides,
// and before the filters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy::edits {

/// Where a channel goes.
enum class Place : std::uint8_t { kStays, kBefore, kAfter };

/// Fields that are not set stay as the source and the rules make them; an empty text takes the
/// value away.
struct ChannelEdit {
  Uuid channel{};
  std::optional<std::string> number{};  ///< as channels::parse_channel_number() reads it
  std::optional<std::string> name{};
  std::optional<std::string> group{};
  std::optional<std::string> logo{};
  std::optional<std::string> guide_id{};
  std::optional<bool> hidden{};
  Place place = Place::kStays;
  Uuid anchor{};  ///< before or after which channel

  bool operator==(const ChannelEdit&) const = default;
};

/// A field that is a text.
struct TextField {
  std::string_view name;  ///< its key in [[edits]] and in the API
  std::optional<std::string> ChannelEdit::* value;
};
/// All of them, in the order of the bits that a file of edits has for them.
inline constexpr std::array<TextField, 5> kTextFields = {{{"number", &ChannelEdit::number},
                                                          {"name", &ChannelEdit::name},
                                                          {"group", &ChannelEdit::group},
                                                          {"logo", &ChannelEdit::logo},
                                                          {"guide_id", &ChannelEdit::guide_id}}};

/// What `over` says takes the place of what `edit` says, field by field.
void merge(ChannelEdit& edit, const ChannelEdit& over);
/// Whether it changes nothing of its channel.
bool says_nothing(const ChannelEdit& edit);

/// A channel that goes before or after another one.
struct Placement {
  Uuid channel{};
  Uuid anchor{};
  Place place = Place::kAfter;

  bool operator==(const Placement&) const = default;
};

/// More channels than these are not placed one by one in a proxy; an order of many is `sort`'s
/// work.
inline constexpr std::size_t kMostPlacements = 20'000;

/// Thread-safe.
class ChannelEdits {
 public:
  ChannelEdits() = default;
  ChannelEdits(const ChannelEdits&) = delete;
  ChannelEdits& operator=(const ChannelEdits&) = delete;
  virtual ~ChannelEdits() = default;

  /// Called with the index of an id, and its edit, which is there during the call.
  using OnEdit = std::function<Result<>(std::size_t index, const ChannelEdit& edit)>;
  /// Looks many ids up at once; `on_edit` hears of those that have an edit, in no certain order.
  /// Errors: kIo, kParse, kOverBudget, and that of `on_edit`.
  virtual Result<> find(std::span<const Uuid> ids, const OnEdit& on_edit) const = 0;
  /// At most kMostPlacements; no channel is in it twice.
  [[nodiscard]] virtual std::span<const Placement> placements() const = 0;
  /// Channels with an edit.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

}  // namespace m3u_proxy::edits
