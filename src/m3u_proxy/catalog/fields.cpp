#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <type_traits>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/fields.hpp>

namespace m3u_proxy::catalog {
namespace {

constexpr std::array<std::string_view, kChannelFieldCount> kChannelNames = {
    "channel_name", "tvg_id",     "tvg_name",    "tvg_logo",    "tvg_shift",  "tvg_chno",
    "group_title",  "stream_url", "source_name", "source_type", "source_url", "media_type"};
constexpr std::array<std::string_view, kProgrammeFieldCount> kProgrammeNames = {
    "channel_id",
    "programme_title",
    "programme_subtitle",
    "programme_description",
    "programme_category",
    "programme_icon",
    "episode_num",
    "season_num",
    "language",
    "rating",
    "start",
    "stop",
    "source_name",
    "source_type",
    "source_url",
    "media_type",
    "is_new",
    "is_live",
    "is_premiere",
    "is_previously_shown"};

constexpr std::array<std::string_view, kGuideChannelFieldCount> kGuideChannelNames = {
    "channel_id", "display_name", "icon", "source_name", "source_type", "source_url"};

struct Alias {
  std::string_view alias;
  std::string_view name;
};
constexpr std::array kChannelAliases = {
    Alias{"channel_group", "group_title"}, Alias{"channel_number", "tvg_chno"},
    Alias{"name", "channel_name"},         Alias{"url", "stream_url"},
    Alias{"channel-group", "group_title"}, Alias{"channel-number", "tvg_chno"},
};
constexpr std::array kProgrammeAliases = {
    Alias{"program_title", "programme_title"},
    Alias{"program_subtitle", "programme_subtitle"},
    Alias{"program_description", "programme_description"},
    Alias{"program_category", "programme_category"},
    Alias{"program_icon", "programme_icon"},
    Alias{"title", "programme_title"},
    Alias{"prog_title", "programme_title"},
    Alias{"description", "programme_description"},
    Alias{"prog_desc", "programme_description"},
    Alias{"subtitles", "programme_subtitle"},
    Alias{"episode_number", "episode_num"},
    Alias{"season_number", "season_num"},
};

std::span<const std::string_view> names(Domain domain) {
  if (domain == Domain::kChannels) return kChannelNames;
  if (domain == Domain::kProgrammes) return kProgrammeNames;
  return kGuideChannelNames;
}

std::span<const Alias> aliases(Domain domain) {
  if (domain == Domain::kChannels) return kChannelAliases;
  if (domain == Domain::kProgrammes) return kProgrammeAliases;
  return {};
}

std::size_t writable_fields(Domain domain) {
  if (domain == Domain::kChannels) return kWritableChannelFields;
  return domain == Domain::kProgrammes ? kWritableProgrammeFields : kWritableGuideChannelFields;
}

std::optional<std::size_t> index_of(Domain domain, std::string_view name) {
  const auto all = names(domain);
  const auto found = std::ranges::find(all, name);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

struct KnownKey {
  std::string_view key;
  ChannelField field;
};
constexpr std::array kKnownKeys = {
    KnownKey{"tvg-id", ChannelField::kTvgId},
    KnownKey{"tvg-name", ChannelField::kTvgName},
    KnownKey{"tvg-logo", ChannelField::kTvgLogo},
    KnownKey{"group-title", ChannelField::kGroupTitle},
    KnownKey{"tvg-chno", ChannelField::kTvgChno},
    KnownKey{"tvg-shift", ChannelField::kTvgShift},
    KnownKey{"logo", ChannelField::kTvgLogo},
    KnownKey{"channel-number", ChannelField::kTvgChno},
    KnownKey{"tvh-chnum", ChannelField::kTvgChno},
    KnownKey{"num", ChannelField::kTvgChno},
    KnownKey{"tvg-channo", ChannelField::kTvgChno},
    KnownKey{"tvg-num", ChannelField::kTvgChno},
    KnownKey{"ch-number", ChannelField::kTvgChno},
};

/// The first and the last eight bytes of a key of 3 to 16 bytes (they may overlap; shorter keys use
/// four or three), so that keys of one length compare as two numbers.
struct KeyWords {
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  bool operator==(const KeyWords&) const = default;
};

template <typename Word>
constexpr std::uint64_t word_at(const char* p) {
  Word word = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < sizeof(Word); ++i)
      word |= static_cast<Word>(Word{static_cast<unsigned char>(p[i])} << (8 * i));
  } else {
    std::memcpy(&word, p, sizeof(word));
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  }
  return word;
}

constexpr KeyWords words_of(std::string_view key) {
  const char* const end = key.data() + key.size();
  if (key.size() >= 8)
    return {.front = word_at<std::uint64_t>(key.data()), .back = word_at<std::uint64_t>(end - 8)};
  if (key.size() >= 4)
    return {.front = word_at<std::uint32_t>(key.data()), .back = word_at<std::uint32_t>(end - 4)};
  return {.front = word_at<std::uint16_t>(key.data()), .back = word_at<std::uint16_t>(end - 2)};
}

constexpr std::size_t kShortestKey = 3;
constexpr std::size_t kLongestKey = 16;

/// A known key, spelled in lower case, and the bits in which upper-case letters differ from it.
struct CompiledKey {
  KeyWords words;
  KeyWords letters;
  ChannelField field = ChannelField::kChannelName;
};

constexpr std::size_t kKeysOfOneLength = 4;
struct KeysOfLength {
  std::size_t count = 0;
  std::array<CompiledKey, kKeysOfOneLength> keys{};
};

constexpr auto kKeysByLength = [] {
  std::array<KeysOfLength, kLongestKey + 1> table{};
  for (const KnownKey& known : kKnownKeys) {
    std::array<char, kLongestKey> letters{};
    for (std::size_t i = 0; i < known.key.size(); ++i)
      letters[i] = is_ascii_alpha(known.key[i]) ? 'a' - 'A' : 0;
    KeysOfLength& same = table[known.key.size()];
    same.keys[same.count++] = {.words = words_of(known.key),
                               .letters = words_of({letters.data(), known.key.size()}),
                               .field = known.field};
  }
  return table;
}();

}  // namespace

std::optional<ChannelField> field_of_attribute(std::string_view key) {
  if (key.size() < kShortestKey || key.size() > kLongestKey) return std::nullopt;
  const KeysOfLength& same = kKeysByLength[key.size()];
  if (same.count == 0) return std::nullopt;
  const KeyWords words = words_of(key);
  for (std::size_t i = 0; i < same.count; ++i) {
    const CompiledKey& known = same.keys[i];
    if ((words.front | known.letters.front) == known.words.front &&
        (words.back | known.letters.back) == known.words.back)
      return known.field;
  }
  return std::nullopt;
}

std::optional<FieldRef> find_field(Domain domain, std::string_view name) {
  if (domain == Domain::kChannels && name.starts_with("attr:") && name.size() > 5) {
    std::string attribute(name.substr(5));
    for (char& c : attribute) c = ascii_lower(c);
    if (const auto field = field_of_attribute(attribute))
      return FieldRef{.index = static_cast<std::uint8_t>(*field), .writable = true};
    return FieldRef{
        .index = 0, .writable = true, .is_attribute = true, .attribute = std::move(attribute)};
  }
  for (const Alias& alias : aliases(domain))
    if (alias.alias == name) name = alias.name;
  auto index = index_of(domain, name);
  if (!index && name.contains('-')) {
    std::string plain(name);
    std::ranges::replace(plain, '-', '_');
    for (const Alias& alias : aliases(domain))
      if (alias.alias == plain) plain = alias.name;
    index = index_of(domain, plain);
  }
  if (!index) return std::nullopt;
  return FieldRef{.index = static_cast<std::uint8_t>(*index),
                  .writable = *index < writable_fields(domain)};
}

bool has_several(Domain domain, const FieldRef& field) {
  return domain == Domain::kProgrammes && !field.is_attribute &&
         field.index == static_cast<std::uint8_t>(ProgrammeField::kCategory);
}

std::string field_name(Domain domain, const FieldRef& field) {
  if (field.is_attribute) return "attr:" + field.attribute;
  return std::string(names(domain)[field.index]);
}

std::string_view field_name(ChannelField field) {
  return kChannelNames[static_cast<std::size_t>(field)];
}

std::string_view field_name(ProgrammeField field) {
  return kProgrammeNames[static_cast<std::size_t>(field)];
}

const std::vector<std::string_view>& known_names(Domain domain) {
  const auto make = [](Domain d) {
    std::vector<std::string_view> all(names(d).begin(), names(d).end());
    for (const Alias& alias : aliases(d)) all.push_back(alias.alias);
    return all;
  };
  static const std::vector<std::string_view> kChannels = make(Domain::kChannels);
  static const std::vector<std::string_view> kProgrammes = make(Domain::kProgrammes);
  static const std::vector<std::string_view> kGuideChannels = make(Domain::kGuideChannels);
  if (domain == Domain::kChannels) return kChannels;
  return domain == Domain::kProgrammes ? kProgrammes : kGuideChannels;
}

}  // namespace m3u_proxy::catalog
