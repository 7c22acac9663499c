#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include <m3u_proxy/base/natural_order.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {
namespace {

struct BaseLetter {
  char32_t code_point;
  std::array<char, 8> letters;  // padded with zeros
  [[nodiscard]] std::string_view text() const {
    return {letters.data(), ::strnlen(letters.data(), letters.size())};
  }
};

struct Row {
  char32_t code_point;
  std::string_view letters;
};

constexpr Row kRows[] = {
#include "base_letter_table.inc"
};

// 12 bytes a row, without pointers that the loader would have to write.
constexpr auto kBaseLetters = [] {
  std::array<BaseLetter, std::size(kRows)> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i].code_point = kRows[i].code_point;
    std::ranges::copy(kRows[i].letters, table[i].letters.begin());
  }
  return table;
}();

/// The bytes of the character at the start of `text`.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
  return size;
}

char32_t decode(std::string_view character) {
  constexpr std::array<unsigned, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  if (character.size() >= kLeadBits.size()) return 0;
  char32_t code_point = static_cast<unsigned char>(character[0]) & kLeadBits[character.size()];
  for (const char c : character.substr(1))
    code_point = code_point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return code_point;
}

/// What `character` counts as; itself where it is not in the table.
std::string_view base_of(std::string_view character) {
  const char32_t code_point = decode(character);
  const auto* found =
      std::ranges::lower_bound(kBaseLetters, code_point, {}, &BaseLetter::code_point);
  return found != kBaseLetters.end() && found->code_point == code_point ? found->text() : character;
}

/// Puts digits in the order of their value, behind the blanks and before the letters.
class KeyWriter {
 public:
  explicit KeyWriter(std::string& out) : out_(&out) {}

  void add(std::string_view text) {
    for (const char c : text) {
      if (is_ascii_digit(c)) {
        if (!in_digits_) start_ = out_->size();
        in_digits_ = true;
        if (c != '0' || out_->size() != start_) *out_ += c;
        continue;
      }
      end_digits();
      *out_ += c;
    }
  }

  /// A run becomes '0', its length without leading zeros, and its digits.
  void end_digits() {
    if (!in_digits_) return;
    in_digits_ = false;
    constexpr std::size_t kLongest = 0xFFFF;
    const std::size_t length = std::min(out_->size() - start_, kLongest);
    const std::array head = {'0', static_cast<char>(length >> 8U),
                             static_cast<char>(length & 0xFFU)};
    out_->insert(start_, head.data(), head.size());
  }

 private:
  std::string* out_;
  bool in_digits_ = false;
  std::size_t start_ = 0;
};

}  // namespace

void append_natural_key(std::string_view folded, std::string& out) {
  KeyWriter key(out);
  while (!folded.empty()) {
    const std::size_t size = character_size(folded);
    const std::string_view character = folded.substr(0, size);
    key.add(static_cast<unsigned char>(character[0]) < 0x80 ? character : base_of(character));
    folded.remove_prefix(size);
  }
  key.end_digits();
}

}  // namespace m3u_proxy
