#include <algorithm>
#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_zone.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::int32_t kMinute = 60;
constexpr std::int32_t kHour = 3600;

struct NamedZone {
  std::string_view name;
  std::int16_t minutes;
};
// What guides use. Of the ambiguous ones BST is British (as in xmltv.dtd), CST and the other
// American ones are those of RFC 822, IST is Indian, AST Atlantic.
constexpr std::array kZones = {
    NamedZone{"UTC", 0},     NamedZone{"UT", 0},      NamedZone{"GMT", 0},
    NamedZone{"WET", 0},     NamedZone{"WEZ", 0},     NamedZone{"WEST", 60},
    NamedZone{"WESZ", 60},   NamedZone{"BST", 60},    NamedZone{"CET", 60},
    NamedZone{"MET", 60},    NamedZone{"MEZ", 60},    NamedZone{"WAT", 60},
    NamedZone{"CEST", 120},  NamedZone{"MEST", 120},  NamedZone{"MESZ", 120},
    NamedZone{"EET", 120},   NamedZone{"OEZ", 120},   NamedZone{"SAST", 120},
    NamedZone{"CAT", 120},   NamedZone{"EEST", 180},  NamedZone{"OESZ", 180},
    NamedZone{"IDT", 180},   NamedZone{"MSK", 180},   NamedZone{"TRT", 180},
    NamedZone{"EAT", 180},   NamedZone{"IRST", 210},  NamedZone{"GST", 240},
    NamedZone{"PKT", 300},   NamedZone{"UZT", 300},   NamedZone{"IST", 330},
    NamedZone{"NPT", 345},   NamedZone{"ICT", 420},   NamedZone{"WIB", 420},
    NamedZone{"HKT", 480},   NamedZone{"SGT", 480},   NamedZone{"MYT", 480},
    NamedZone{"PHT", 480},   NamedZone{"WITA", 480},  NamedZone{"AWST", 480},
    NamedZone{"JST", 540},   NamedZone{"KST", 540},   NamedZone{"WIT", 540},
    NamedZone{"ACST", 570},  NamedZone{"AEST", 600},  NamedZone{"ACDT", 630},
    NamedZone{"AEDT", 660},  NamedZone{"NZST", 720},  NamedZone{"NZDT", 780},
    NamedZone{"BRST", -120}, NamedZone{"NDT", -150},  NamedZone{"BRT", -180},
    NamedZone{"ART", -180},  NamedZone{"UYT", -180},  NamedZone{"CLST", -180},
    NamedZone{"ADT", -180},  NamedZone{"NST", -210},  NamedZone{"AST", -240},
    NamedZone{"CLT", -240},  NamedZone{"VET", -240},  NamedZone{"EDT", -240},
    NamedZone{"EST", -300},  NamedZone{"COT", -300},  NamedZone{"PET", -300},
    NamedZone{"CDT", -300},  NamedZone{"CST", -360},  NamedZone{"MDT", -360},
    NamedZone{"MST", -420},  NamedZone{"PDT", -420},  NamedZone{"PST", -480},
    NamedZone{"AKDT", -480}, NamedZone{"AKST", -540}, NamedZone{"HST", -600},
};

/// The digits of an offset: `0`, `00`, `000`, `0010`, `1`, `01`, `130`, `01:00`.
std::optional<std::int32_t> numeric_zone(std::string_view text) {
  std::array<int, 4> digits{};
  std::size_t count = 0;
  std::size_t colon = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && colon == 0 && (i == 1 || i == 2)) {
      colon = i;
      continue;
    }
    if (!is_ascii_digit(text[i]) || count == digits.size()) return std::nullopt;
    digits[count++] = text[i] - '0';
  }
  if (count == 0 || (colon != 0 && count != colon + 2)) return std::nullopt;
  int hours = digits[0];
  int minutes = 0;
  if (count == 2 || count == 4) hours = hours * 10 + digits[1];
  if (count >= 3) minutes = digits[count - 2] * 10 + digits[count - 1];
  if (hours > 15 || minutes > 59) return std::nullopt;
  return hours * kHour + minutes * kMinute;
}

bool is_sign(char c) { return c == '+' || c == '-'; }

/// A number with a sign or without.
std::optional<std::int32_t> signed_zone(std::string_view text) {
  const bool west = text.starts_with('-');
  if (is_sign(text.front())) text.remove_prefix(1);
  const auto offset = numeric_zone(text);
  return offset && west ? -*offset : offset;
}

/// `UTC+2`, `GMT-03:00`: the number behind the name.
std::optional<std::int32_t> offset_of_utc(std::string_view name) {
  constexpr std::size_t kName = 3;
  const std::string_view base = name.substr(0, kName);
  if (name.size() <= kName || !is_sign(name[kName]) ||
      !(equals_ascii_case(base, "UTC") || equals_ascii_case(base, "GMT")))
    return std::nullopt;
  return signed_zone(name.substr(kName));
}

/// Whether `name` can be that of a zone. A clock of twelve hours is none: taken for a zone, the
/// time would be wrong.
bool is_name(std::string_view name) {
  const auto in_name = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '/' || is_sign(c) ||
           c == '.' || c == ' ';
  };
  if (!is_ascii_alpha(name.front()) || !std::ranges::all_of(name, in_name)) return false;
  const std::string_view word = name.substr(0, name.find(' '));
  return !equals_ascii_case(word, "AM") && !equals_ascii_case(word, "PM");
}

/// Takes a comment in brackets from the end of `text`; whether there was one.
bool take_comment(std::string_view& text) {
  if (text.empty() || (text.back() != ')' && text.back() != ']')) return false;
  const std::size_t open = text.find(text.back() == ')' ? '(' : '[');
  if (open == std::string_view::npos) return false;
  text = trim(text.substr(0, open));
  return true;
}

}  // namespace

std::optional<XmltvZone> read_xmltv_zone(std::string_view text) {
  XmltvZone zone;
  if (text == " +0000") {
    zone.is_offset = true;
    return zone;
  }
  text = trim(text);
  zone.has_comment = take_comment(text);
  zone.name = text;
  if (text.empty()) return zone;
  if (is_sign(text.front()) || is_ascii_digit(text.front())) {
    const auto offset = signed_zone(text);
    if (!offset) return std::nullopt;
    zone.seconds = *offset;
    zone.is_offset = true;
    return zone;
  }
  if (const auto offset = offset_of_utc(text)) {
    zone.seconds = *offset;
    zone.is_offset = true;
  } else if (!is_name(text)) {
    return std::nullopt;
  } else if (equals_ascii_case(text, "Z")) {
    zone.is_offset = true;
  } else {
    const auto* const named = std::ranges::find_if(
        kZones, [&](const NamedZone& known) { return equals_ascii_case(known.name, text); });
    zone.known = named != kZones.end();
    if (zone.known) zone.seconds = named->minutes * kMinute;
  }
  return zone;
}

}  // namespace m3u_proxy::formats
