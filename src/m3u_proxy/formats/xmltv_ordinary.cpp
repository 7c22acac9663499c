#include <cstring>

#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_ordinary.hpp>
#include <m3u_proxy/formats/xmltv_references.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxAttributes = 16;
constexpr std::size_t kMaxName = 32;
constexpr std::size_t kTagSize = OrdinaryElements::kTagSize;
/// No more than this is looked at beyond the place where a tag begins without asking for the end.
constexpr std::ptrdiff_t kMargin = 64;

std::uint64_t load_word(const char* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

/// Behind the reference at `p`; nullptr when it needs a repair or is not of XML's own.
const char* skip_reference(const char* p, const char* end) {
  const std::string_view body = reference_body(p, end);
  if (body.empty()) return nullptr;
  const bool good =
      body.front() == '#' ? numeric_reference(body).has_value() : !predefined_entity(body).empty();
  return good ? p + body.size() + 2 : nullptr;
}

/// The closing quote of the value that begins at `p`; nullptr when it is not ordinary.
const char* skip_value(const char* p, const char* end, char quote) {
  while (true) {
    p = quote == '"' ? find_any<'"', '&', '<'>(p, end) : find_any<'\'', '&', '<'>(p, end);
    if (p == end || *p == '<') return nullptr;
    if (*p == quote) return p;
    p = skip_reference(p, end);
    if (p == nullptr) return nullptr;
  }
}

/// The name at `p`; "" when there is none or it is too long to be ordinary.
std::string_view name_at(const char* p) {
  if (!is_ascii_name_start(*p)) return {};
  std::size_t size = 1;
  while (is_ascii_name_byte(p[size]))
    if (++size > kMaxName) return {};
  return {p, size};
}

/// Whether the '>' or '&' at `p`, in text, may stand there.
bool is_good_in_text(const char* p, const char* end) {
  if (*p == '&') return skip_reference(p, end) != nullptr;
  return p[-1] != ']' || p[-2] != ']';
}

/// Where a tag of `size` ≤ kTagSize bytes is kept.
std::size_t slot_of(const char* p, std::size_t size) {
  // The first eight bytes of the tag, and the last eight where it has more.
  struct Masks {
    std::uint64_t first;
    std::uint64_t last;
  };
  static constexpr auto kMasks = [] {
    std::array<Masks, kTagSize + 1> masks{};
    for (std::size_t i = 0; i < masks.size(); ++i)
      masks[i] = {.first = i >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * i)) - 1,
                  .last = i > 8 ? ~std::uint64_t{0} : 0};
    return masks;
  }();
  constexpr std::uint64_t kMixer = 0x9E3779B97F4A7C15ULL;
  const Masks& masks = kMasks[size];
  const std::uint64_t first = load_word(p) & masks.first;
  const std::uint64_t last = load_word(p + size - sizeof(std::uint64_t)) & masks.last;
  return (first ^ last * kMixer) * kMixer >> 58U;
}

bool is_guide_element(std::string_view name) { return name == "programme" || name == "channel"; }

}  // namespace

template <typename OnAttribute>
OrdinaryElements::Start OrdinaryElements::read_start_tag(const char* p, const char* end,
                                                         const OnAttribute& on_attribute) {
  std::array<std::string_view, kMaxAttributes> names;
  std::size_t count = 0;
  const std::size_t name_size = name_at(p + 1).size();
  if (name_size == 0) return {};
  p += 1 + name_size;
  while (true) {
    const char* const before = p;
    p = skip_xml_spaces(p, end);
    if (end - p < kMargin) return {};
    if (*p == '>') return {.after = p + 1, .name_size = name_size, .self_closing = false};
    if (*p == '/') {
      if (p[1] != '>') return {};
      return {.after = p + 2, .name_size = name_size, .self_closing = true};
    }
    const std::string_view attribute = name_at(p);
    if (p == before || attribute.empty() || count == kMaxAttributes) return {};
    for (std::size_t i = 0; i < count; ++i)
      if (names[i] == attribute) return {};
    names[count++] = attribute;
    p += attribute.size();
    if (*p != '=' || (p[1] != '"' && p[1] != '\'')) return {};
    const char* const value = p + 2;
    p = skip_value(value, end, p[1]);
    if (p == nullptr) return {};
    on_attribute(attribute, value, p);
    ++p;
  }
}

OrdinaryElements::Start OrdinaryElements::start_tag(const char* p) {
  const std::uint32_t next = index_.peek();
  const char* const end = text_.data() + text_.size();
  const auto ignore = [](std::string_view, const char*, const char*) {};
  const auto size = static_cast<std::size_t>(text_.data() + next + 1 - p);
  if (next == MarkupIndex::kNone || size > kTagSize) return read_start_tag(p, end, ignore);
  Tag& known = tags_[slot_of(p, size)];
  if (known.size == size && equal_in_32(p, known.text.data(), size))
    return {.after = p + size, .name_size = known.name_size, .self_closing = known.self_closing};
  const Start start = read_start_tag(p, end, ignore);
  if (start.after != p + size) return start;  // its first '>' is in a value
  std::memcpy(known.text.data(), p, size);
  known.size = static_cast<std::uint8_t>(size);
  known.name_size = static_cast<std::uint8_t>(start.name_size);
  known.self_closing = start.self_closing;
  return start;
}

void OrdinaryElements::reset(std::string_view text) {
  text_ = text;
  index_.reset(text);
}

OrdinaryElements::Start OrdinaryElements::root_tag(std::size_t at, XmltvKind kind,
                                                   OrdinaryTag& tag) const {
  const bool programme = kind == XmltvKind::kProgramme;
  const std::string_view name = programme ? "programme" : "channel";
  const std::string_view id = programme ? "channel" : "id";
  const char* const begin = text_.data() + at;
  const auto note = [&](std::string_view attribute, const char* value, const char* value_end) {
    const OrdinaryTag::Value here{.at = static_cast<std::uint16_t>(value - begin),
                                  .size = static_cast<std::uint16_t>(value_end - value)};
    if (attribute == id)
      tag.id = here;
    else if (attribute == "start")
      tag.start = here;
    else if (attribute == "stop")
      tag.stop = here;
  };
  const Start root = read_start_tag(begin, text_.data() + text_.size(), note);
  if (root.after == nullptr || root.name_size != name.size() || root.after - begin > UINT16_MAX)
    return {};
  tag.size = static_cast<std::uint16_t>(root.after - begin);
  return root;
}

std::size_t OrdinaryElements::measure(std::size_t at, XmltvKind kind, OrdinaryTag& tag) {
  if (text_.size() - at < kMargin) return 0;
  const char* const base = text_.data();
  const char* const end = base + text_.size();
  const std::size_t limit = text_.size() - kMargin;
  std::array<std::string_view, kMaxDepth> open;
  std::size_t depth = 0;
  index_.seek(at);
  const auto go_behind = [&](const char* p) {
    index_.pass_until(static_cast<std::size_t>(p - base));
    return static_cast<std::size_t>(p - base) - at;
  };
  const Start root = root_tag(at, kind, tag);
  if (root.after == nullptr) return 0;
  const std::size_t root_size = go_behind(root.after);
  if (root.self_closing) return index_.forbidden() ? 0 : root_size;
  open[depth++] = {base + at + 1, root.name_size};
  while (true) {
    const std::uint32_t here = index_.peek();
    if (here > limit) return 0;
    index_.pass();
    const char* const p = base + here;
    if (*p != '<') {
      if (!is_good_in_text(p, end)) return 0;
    } else if (p[1] == '/') {
      const std::string_view closed = open[--depth];
      if (!equal_in_32(p + 2, closed.data(), closed.size()) || p[2 + closed.size()] != '>')
        return 0;
      const std::size_t size = go_behind(p + closed.size() + 3);
      if (depth == 0) return index_.forbidden() ? 0 : size;
    } else if (p[1] == '!') {
      if (!starts_at(p, end, kCdataOpen)) return 0;
      const char* const close = find_text(p + kCdataOpen.size(), end, kCdataClose);
      if (close == end) return 0;
      go_behind(close + kCdataClose.size());
    } else {
      const Start start = start_tag(p);
      const std::string_view child(p + 1, start.name_size);
      // One guide element in another is the splitter's business.
      if (start.after == nullptr || is_guide_element(child)) return 0;
      go_behind(start.after);
      if (start.self_closing) continue;
      if (depth == kMaxDepth) return 0;
      open[depth++] = child;
    }
  }
}

}  // namespace m3u_proxy::formats
