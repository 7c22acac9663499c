#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <re2/re2.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/unicode_classes.hpp>

namespace m3u_proxy::rules {
namespace {

// Members of a class. Each begins and ends with a property, which cannot become the end of a range
// with what is beside it ("[A-\w]" is an error, "[\w-z]" has a dash in it).
constexpr std::string_view kWord = R"(\pL_\pM\p{Nd}\p{Nl})";
constexpr std::string_view kBlank = R"(\pZ\t-\r\x{85}\pZ)";
constexpr std::string_view kNoBlank =
    R"(\pL\x00-\x08\x0E-\x1F\x21-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF})"
    R"(\x{200B}-\x{2027}\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF}\pL)";
constexpr std::string_view kDigit = R"(\p{Nd})";
constexpr std::string_view kNoDigit = R"(\P{Nd})";

constexpr std::uint32_t kFirstSurrogate = 0xD800;
constexpr std::uint32_t kLastSurrogate = 0xDFFF;
constexpr std::uint32_t kLastCodePoint = 0x10FFFF;

/// What is no member of kWord, as members: RE2 knows no name for it. It is asked for all code
/// points, so that both always complete each other.
std::string members_beyond_words() {
  const re2::RE2 run(fmt::format("[^{}]+", kWord));
  std::string members(R"(\pS)");
  const auto add_runs = [&](std::uint32_t first, std::uint32_t last) {
    std::string text;
    for (std::uint32_t c = first; c <= last; ++c) append_utf8(text, static_cast<char32_t>(c));
    re2::StringPiece found;
    const std::string_view all = text;
    std::size_t at = 0;
    std::uint32_t code_point = first;
    const auto advance_to = [&](std::size_t end) {
      for (; at < end; ++at)
        if ((static_cast<unsigned char>(all[at]) & 0xC0U) != 0x80U) ++code_point;
      return code_point;
    };
    while (run.Match(text, at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
      const auto start = static_cast<std::size_t>(found.data() - text.data());
      const std::uint32_t from = advance_to(start);
      const std::uint32_t end = advance_to(start + found.size());
      members += fmt::format(R"(\x{{{:X}}}-\x{{{:X}}})", from, end - 1);
    }
  };
  constexpr std::uint32_t kPiece = 4096;
  for (std::uint32_t first = 0; first <= kLastCodePoint; first += kPiece) {
    const std::uint32_t last = first + kPiece - 1;
    if (first > kLastSurrogate || last < kFirstSurrogate) {
      add_runs(first, last);
      continue;
    }
    if (first < kFirstSurrogate) add_runs(first, kFirstSurrogate - 1);
    if (last > kLastSurrogate) add_runs(kLastSurrogate + 1, last);
  }
  return members += R"(\pS)";
}

/// The members that `\c` stands for; empty when it is none of the six.
std::string_view members_of(char c) {
  switch (c) {
    case 'w':
      return kWord;
    case 's':
      return kBlank;
    case 'S':
      return kNoBlank;
    case 'd':
      return kDigit;
    case 'D':
      return kNoDigit;
    case 'W': {
      static const std::string kNoWord = members_beyond_words();
      return kNoWord;
    }
    default:
      return {};
  }
}

class Translator {
 public:
  explicit Translator(std::string_view source) : source_(source) {}

  std::string run() {
    while (at_ < source_.size()) {
      if (source_[at_] == '\\')
        escape();
      else if (source_[at_] == '[')
        brackets();
      else
        copy(1);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return source_.substr(at_); }
  void copy(std::size_t count) {
    const std::string_view taken = source_.substr(at_, count);
    out_ += taken;
    at_ += taken.size();
  }

  void escape() {
    if (rest().starts_with(R"(\Q)")) {
      const std::size_t end = source_.find(R"(\E)", at_ + 2);
      copy(end == std::string_view::npos ? source_.size() : end + 2 - at_);
    } else if (rest().starts_with(R"(\W)")) {
      out_ += fmt::format("[^{}]", kWord);
      at_ += 2;
    } else if (const auto members = members_here(); members.empty()) {
      copy(2);
    } else {
      out_ += fmt::format("[{}]", members);
      at_ += 2;
    }
  }

  /// A class, up to its closing bracket.
  void brackets() {
    copy(1);
    if (rest().starts_with('^')) copy(1);
    if (rest().starts_with(']')) copy(1);
    while (at_ < source_.size() && source_[at_] != ']') {
      const std::string_view members = members_here();
      if (!members.empty()) {
        out_ += members;
        at_ += 2;
      } else if (source_[at_] == '\\') {
        copy(2);
      } else {
        copy(posix_name_size());
      }
    }
    copy(1);
  }

  /// Of "[:alpha:]" at the current place; 1 when there is none.
  [[nodiscard]] std::size_t posix_name_size() const {
    if (!rest().starts_with("[:")) return 1;
    const std::size_t end = source_.find(":]", at_ + 2);
    return end == std::string_view::npos ? 1 : end + 2 - at_;
  }

  [[nodiscard]] std::string_view members_here() const {
    return rest().size() < 2 || source_[at_] != '\\' ? std::string_view()
                                                     : members_of(source_[at_ + 1]);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string with_unicode_classes(std::string_view source) { return Translator(source).run(); }

}  // namespace m3u_proxy::rules
