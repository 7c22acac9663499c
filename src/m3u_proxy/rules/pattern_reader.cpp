#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/pattern_reader.hpp>

namespace m3u_proxy::rules {
namespace {

constexpr std::string_view kMeta = R"(\.+*?()|[]{}^$)";

bool is_meta(char c) { return kMeta.contains(c); }
bool is_punctuation(char c) {
  return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F &&
         !is_ascii_alpha(c) && !is_ascii_digit(c);
}

std::optional<PlainText> plain_text(std::string_view source) {
  PlainText plain;
  if (source.starts_with('^')) {
    plain.at_start = true;
    source.remove_prefix(1);
  }
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (c == '\\' && i + 1 < source.size() && is_punctuation(source[i + 1])) {
      plain.text += source[++i];
    } else if (c == '$' && i + 1 == source.size()) {
      plain.at_end = true;
    } else if (is_meta(c)) {
      return std::nullopt;
    } else {
      plain.text += c;
    }
  }
  return plain;
}

// Walks over a pattern once and keeps the longest run of plain characters.
class Walker {
 public:
  explicit Walker(std::string_view source) : source_(source) {}

  std::string run() {
    while (at_ < source_.size())
      if (!step()) return {};
    end_run();
    return best_;
  }

 private:
  /// False: something that this reader does not understand.
  bool step() {
    const char c = source_[at_];
    switch (c) {
      case '|':
        return false;
      case '(':
        end_run();
        return skip_group();
      case '[':
        end_run();
        return skip_class();
      case '*':
      case '?':
      case '{':
        drop_last_character();
        end_run();
        return skip_quantifier();
      case '\\':
        return escape();
      case '+':
      case '.':
      case '^':
      case '$':
        end_run();
        ++at_;
        return true;
      case ')':
        return false;
      default:
        run_ += c;
        ++at_;
        return true;
    }
  }

  bool escape() {
    if (at_ + 1 == source_.size()) return false;
    const char c = source_[at_ + 1];
    at_ += 2;
    if (is_punctuation(c)) {
      run_ += c;
      return true;
    }
    end_run();
    return std::string_view("dDsSwWbBAz").contains(c);
  }

  bool skip_quantifier() {
    if (source_[at_] != '{') {
      ++at_;
      return true;
    }
    const std::size_t close = source_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const std::string_view inside = source_.substr(at_ + 1, close - at_ - 1);
    const auto in_range = [](char c) { return is_ascii_digit(c) || c == ','; };
    if (inside.empty() || !std::ranges::all_of(inside, in_range)) return false;
    at_ = close + 1;
    return true;
  }

  /// A class, without nested ones ("[[:alpha:]]").
  bool skip_class() {
    ++at_;
    if (at_ < source_.size() && source_[at_] == '^') ++at_;
    if (at_ < source_.size() && source_[at_] == ']') ++at_;
    while (at_ < source_.size() && source_[at_] != ']') {
      if (source_[at_] == '[') return false;
      if (source_[at_] == '\\') {
        if (at_ + 1 == source_.size() || std::string_view("QEpPx").contains(source_[at_ + 1]))
          return false;
        ++at_;
      }
      ++at_;
    }
    if (at_ == source_.size()) return false;
    ++at_;
    return true;
  }

  /// A group and all in it. Flags ("(?s)") would change what follows them.
  bool skip_group() {
    std::size_t depth = 0;
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '[') {
        if (!skip_class()) return false;
        continue;
      }
      if (c == '\\') {
        if (at_ + 1 == source_.size() || std::string_view("QE").contains(source_[at_ + 1]))
          return false;
        at_ += 2;
        continue;
      }
      ++at_;
      if (c == '(') {
        ++depth;
        if (!group_head()) return false;
      } else if (c == ')' && --depth == 0) {
        return true;
      }
    }
    return false;
  }

  bool group_head() {
    const std::string_view rest = source_.substr(at_);
    if (!rest.starts_with('?')) return true;
    return rest.starts_with("?:") || rest.starts_with("?P<");
  }

  void drop_last_character() {
    while (!run_.empty() && (static_cast<unsigned char>(run_.back()) & 0xC0U) == 0x80U)
      run_.pop_back();
    if (!run_.empty()) run_.pop_back();
  }

  void end_run() {
    if (run_.size() > best_.size()) best_ = run_;
    run_.clear();
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string run_;
  std::string best_;
};

}  // namespace

std::optional<std::vector<PlainText>> plain_alternatives(std::string_view source) {
  std::vector<PlainText> all;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= source.size(); ++i) {
    if (i < source.size() && source[i] == '\\') {
      if (++i == source.size()) return std::nullopt;
      continue;
    }
    if (i < source.size() && source[i] != '|') continue;
    auto plain = plain_text(source.substr(start, i - start));
    if (!plain) return std::nullopt;
    all.push_back(*std::move(plain));
    start = i + 1;
  }
  return all;
}

std::optional<Bracketed> bracketed(std::string_view source) {
  const std::size_t open = source.find("(.");
  if (open == std::string_view::npos) return std::nullopt;
  const std::string_view group = source.substr(open);
  const bool lazy = group.starts_with("(.*?)") || group.starts_with("(.+?)");
  if (!lazy && !group.starts_with("(.*)") && !group.starts_with("(.+)")) return std::nullopt;

  const auto before = plain_text(source.substr(0, open));
  const auto after = plain_text(group.substr(lazy ? 5 : 4));
  if (!before || !after || before->at_end || after->at_start) return std::nullopt;
  if (!before->at_start && !before->text.empty()) return std::nullopt;
  if (!after->at_end && (lazy || !after->text.empty())) return std::nullopt;
  return Bracketed{.prefix = before->text, .suffix = after->text, .needs_middle = group[2] == '+'};
}

std::string required_text(std::string_view source) { return Walker(source).run(); }

}  // namespace m3u_proxy::rules
