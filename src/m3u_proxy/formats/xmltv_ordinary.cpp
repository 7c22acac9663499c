#include <algorithm>
#include <bit>
#include <cstring>

#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_ordinary.hpp>
#include <m3u_proxy/formats/xmltv_references.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxAttributes = 8;
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

constexpr std::uint64_t word_of(std::string_view text) {
  std::array<char, sizeof(std::uint64_t)> bytes{};
  std::copy(text.begin(), text.end(), bytes.begin());
  return std::bit_cast<std::uint64_t>(bytes);
}

/// The first `size` bytes of a word.
constexpr std::uint64_t mask_of_first(std::size_t size) {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
  for (std::size_t i = 0; i < std::min(size, bytes.size()); ++i) bytes[i] = 0xFF;
  return std::bit_cast<std::uint64_t>(bytes);
}

/// The attributes that guides have most, to be recognised with one comparison.
enum class Known : std::uint8_t { kChannel, kStart, kStop, kSrc, kId, kLang, kSystem, kOther };
struct KnownAttribute {
  constexpr explicit KnownAttribute(std::string_view with_equals)
      : text(word_of(with_equals)),
        mask(mask_of_first(with_equals.size())),
        size(with_equals.size() - 1) {}
  std::uint64_t text;
  std::uint64_t mask;
  std::size_t size;
};
constexpr std::array kKnownAttributes = {KnownAttribute("channel="), KnownAttribute("start="),
                                         KnownAttribute("stop="),    KnownAttribute("src="),
                                         KnownAttribute("id="),      KnownAttribute("lang="),
                                         KnownAttribute("system=")};

struct AttributeName {
  std::string_view text;
  Known known = Known::kOther;
};
AttributeName attribute_at(const char* p) {
  const std::uint64_t word = load_word(p);
  for (std::size_t i = 0; i < kKnownAttributes.size(); ++i)
    if ((word & kKnownAttributes[i].mask) == kKnownAttributes[i].text)
      return {.text = {p, kKnownAttributes[i].size}, .known = static_cast<Known>(i)};
  return {.text = name_at(p)};
}

/// Whether the '>' or '&' at `p`, in text, may be there.
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
      masks[i] = {.first = mask_of_first(i),
                  .last = i > sizeof(std::uint64_t) ? ~std::uint64_t{0} : 0};
    return masks;
  }();
  constexpr std::uint64_t kMixer = 0x9E3779B97F4A7C15ULL;
  const Masks& masks = kMasks[size];
  const std::uint64_t first = load_word(p) & masks.first;
  const std::uint64_t last = load_word(p + size - sizeof(std::uint64_t)) & masks.last;
  return (first ^ last * kMixer) * kMixer >> 58U;
}

/// Whether the end tag of the element called `name` is at `p`, where kMargin bytes can be read.
bool is_end_of(std::string_view name, const char* p) {
  return equal_in_32(p + 2, name.data(), name.size()) && p[2 + name.size()] == '>';
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
    const AttributeName attribute = attribute_at(p);
    if (p == before || attribute.text.empty() || count == kMaxAttributes) return {};
    for (std::size_t i = 0; i < count; ++i)
      if (names[i] == attribute.text) return {};
    names[count++] = attribute.text;
    p += attribute.text.size();
    if (*p != '=' || (p[1] != '"' && p[1] != '\'')) return {};
    const char* const value = p + 2;
    p = skip_value(value, end, p[1]);
    if (p == nullptr) return {};
    on_attribute(attribute.known, value, p);
    ++p;
  }
}

/// Reads a child's start tag that was not seen before, and keeps it if it is small.
OrdinaryElements::Start OrdinaryElements::new_start_tag(const char* p, std::size_t size) {
  const auto ignore = [](Known, const char*, const char*) {};
  const Start start = read_start_tag(p, text_.data() + text_.size(), ignore);
  // One guide element in another is the splitter's business.
  if (start.after == nullptr || is_guide_element({p + 1, start.name_size})) return {};
  if (size > kTagSize || start.after != p + size) return start;
  Tag& tag = tags_[slot_of(p, size)];
  std::memcpy(tag.text.data(), p, size);
  tag.size = static_cast<std::uint8_t>(size);
  tag.name_size = static_cast<std::uint8_t>(start.name_size);
  tag.self_closing = start.self_closing;
  return start;
}

/// The child's start tag at `p`; `size`: to the next markup, which usually ends it.
OrdinaryElements::Start OrdinaryElements::start_tag(const char* p, std::size_t size) {
  if (size <= kTagSize) {
    const Tag& tag = tags_[slot_of(p, size)];
    if (tag.size == size && equal_in_32(p, tag.text.data(), size)) {
      index_.pass();
      return {.after = p + size, .name_size = tag.name_size, .self_closing = tag.self_closing};
    }
  }
  const Start start = new_start_tag(p, size);
  if (start.after != nullptr)
    index_.pass_until(static_cast<std::size_t>(start.after - text_.data()));
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
  const Known id = programme ? Known::kChannel : Known::kId;
  const char* const begin = text_.data() + at;
  const auto note = [&](Known attribute, const char* value, const char* value_end) {
    const OrdinaryTag::Value here{.at = static_cast<std::uint16_t>(value - begin),
                                  .size = static_cast<std::uint16_t>(value_end - value)};
    if (attribute == id)
      tag.id = here;
    else if (attribute == Known::kStart)
      tag.start = here;
    else if (attribute == Known::kStop)
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
  index_.seek(at);
  const Start root = root_tag(at, kind, tag);
  if (root.after == nullptr) return 0;
  const auto content = static_cast<std::size_t>(root.after - text_.data());
  index_.pass_until(content);
  const std::size_t end =
      root.self_closing ? content : find_end(text_.substr(at + 1, root.name_size));
  return end == 0 || index_.forbidden() ? 0 : end - at;
}

/// Where the element called `name` ends whose start tag has been passed; 0 when something in it is
/// not ordinary.
std::size_t OrdinaryElements::find_end(std::string_view name) {
  const std::size_t limit = text_.size() - kMargin;
  std::array<std::string_view, kMaxDepth> open;
  open[0] = name;
  std::size_t depth = 1;
  while (true) {
    const std::uint32_t here = index_.peek();
    if (here > limit) return 0;
    index_.pass();
    const char* const p = text_.data() + here;
    if (*p != '<' || p[1] == '!') {
      if (!pass_in_text(here)) return 0;
    } else if (p[1] == '/') {
      const std::string_view closed = open[--depth];
      if (!is_end_of(closed, p)) return 0;
      index_.skip_one();  // its '>'
      if (depth == 0) return here + closed.size() + 3;
    } else {
      const Start start = start_tag(p, std::size_t{index_.peek()} + 1 - here);
      if (start.after == nullptr || depth == kMaxDepth) return 0;
      open[depth] = {p + 1, start.name_size};
      depth += start.self_closing ? 0 : 1;
    }
  }
}

/// Passes over what may be in text: a '>', a reference, a CDATA section. False when it may not.
bool OrdinaryElements::pass_in_text(std::size_t at) {
  const std::string_view rest = text_.substr(at);
  if (rest.front() != '<') return is_good_in_text(rest.data(), rest.data() + rest.size());
  const std::size_t close = rest.find(kCdataClose);
  if (!rest.starts_with(kCdataOpen) || close == std::string_view::npos) return false;
  index_.pass_until(at + close + kCdataClose.size());
  return true;
}

}  // namespace m3u_proxy::formats
