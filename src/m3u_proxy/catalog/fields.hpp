// Fields: the names by which configurations, expressions and reports speak of channels and
// programmes, with their aliases. Tables only; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::catalog {

/// What an expression is about.
enum class Domain : std::uint8_t { kChannels, kProgrammes, kGuideChannels };

/// The fields of a channel. The first kWritableChannelFields may be set by rules.
enum class ChannelField : std::uint8_t {
  kChannelName,
  kTvgId,
  kTvgName,
  kTvgLogo,
  kTvgShift,
  kTvgChno,
  kGroupTitle,
  kStreamUrl,
  kSourceName,
  kSourceType,
  kSourceUrl,
  kMediaType,
};
constexpr std::size_t kWritableChannelFields = 8;
constexpr std::size_t kChannelFieldCount = 12;

/// The fields of a programme. Those before kSourceName may be set by rules.
enum class ProgrammeField : std::uint8_t {
  kChannelId,
  kTitle,
  kSubtitle,
  kDescription,
  kCategory,
  kIcon,
  kEpisodeNum,
  kSeasonNum,
  kLanguage,
  kRating,
  kStart,
  kStop,
  kSourceName,
  kSourceType,
  kSourceUrl,
  kMediaType,
  // "true" where the programme has the element, else "":
  kIsNew,
  kIsLive,
  kIsPremiere,
  kIsPreviouslyShown,
};
constexpr std::size_t kWritableProgrammeFields = 12;
constexpr std::size_t kProgrammeFieldCount = 20;

/// The fields of a guide's own channel, before it is matched. Those before kSourceName may be set
/// by rules.
enum class GuideChannelField : std::uint8_t {
  kChannelId,
  kDisplayName,
  kIcon,
  kSourceName,
  kSourceType,
  kSourceUrl,
};
constexpr std::size_t kWritableGuideChannelFields = 3;
constexpr std::size_t kGuideChannelFieldCount = 6;

/// A resolved field: an index into the domain's enumeration, or an attribute of a channel by its
/// name (lower case), as in `attr:catchup-days`.
struct FieldRef {
  std::uint8_t index = 0;
  bool writable = false;
  bool is_attribute = false;
  std::string attribute{};

  bool operator==(const FieldRef&) const = default;
};

/// The field that an attribute of a playlist is read into, by any of its known spellings
/// (`tvg-logo`, `logo`, `tvh-chnum` …), without case; nullopt for one that is kept as it is.
std::optional<ChannelField> field_of_attribute(std::string_view key);

/// Whether the attribute is `catchup` or `catchup-type`, without case: two names of one thing.
constexpr bool is_catchup(std::string_view key) {
  constexpr std::string_view kShort = "catchup";
  constexpr std::string_view kLong = "catchup-type";
  if (key.size() != kShort.size() && key.size() != kLong.size()) return false;
  return equals_ascii_case(key, kShort) || equals_ascii_case(key, kLong);
}

/// The field that `name` stands for, aliases included (`channel_group`, `tvg-chno`,
/// `attr:<name>`); nullopt when there is none. Exact: field names are lower case.
std::optional<FieldRef> find_field(Domain domain, std::string_view name);
/// Whether a record may have several values of the field, any of which makes a condition true.
bool has_several(Domain domain, const FieldRef& field);
/// The field's own name ("group_title", "attr:catchup-days").
std::string field_name(Domain domain, const FieldRef& field);
std::string_view field_name(ChannelField field);
std::string_view field_name(ProgrammeField field);
/// All names and aliases of a domain, for suggestions.
const std::vector<std::string_view>& known_names(Domain domain);

}  // namespace m3u_proxy::catalog
