#include <algorithm>
#include <span>

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
    "media_type"};

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
  return kProgrammeNames;
}

std::span<const Alias> aliases(Domain domain) {
  if (domain == Domain::kChannels) return kChannelAliases;
  return kProgrammeAliases;
}

std::optional<std::size_t> index_of(Domain domain, std::string_view name) {
  const auto all = names(domain);
  const auto found = std::ranges::find(all, name);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

}  // namespace

std::optional<FieldRef> find_field(Domain domain, std::string_view name) {
  if (domain == Domain::kChannels && name.starts_with("attr:") && name.size() > 5) {
    std::string attribute(name.substr(5));
    for (char& c : attribute) c = ascii_lower(c);
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
  const std::size_t writable =
      domain == Domain::kChannels ? kWritableChannelFields : kWritableProgrammeFields;
  return FieldRef{.index = static_cast<std::uint8_t>(*index), .writable = *index < writable};
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
  return domain == Domain::kChannels ? kChannels : kProgrammes;
}

}  // namespace m3u_proxy::catalog
