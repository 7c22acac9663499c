#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/migrate_config.hpp>

namespace m3u_proxy::config {
namespace {

constexpr std::string_view kMemory = "proxy_memory";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) >> 6U) == 2; }

/// Finds places in a document that is valid TOML.
class DocumentText {
 public:
  explicit DocumentText(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t line_begin(std::uint64_t line) const {
    std::size_t at = 0;
    for (std::uint64_t n = 1; n < line; ++n) at = line_end(at) + 1;
    return std::min(at, text_.size());
  }
  /// Where the line that `at` is in ends: its LF, or the end of the text.
  [[nodiscard]] std::size_t line_end(std::size_t at) const {
    return std::min(text_.find('\n', at), text_.size());
  }
  /// Columns count characters.
  [[nodiscard]] std::size_t offset(const Where& where) const {
    std::size_t at = line_begin(where.line);
    for (std::uint64_t column = 1; column < where.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && is_continuation(text_[at])) ++at;
    }
    return at;
  }
  /// Behind the value that begins at `at`: strings, lists and inline tables may hold anything.
  [[nodiscard]] std::size_t value_end(std::size_t at) const {
    int depth = 0;
    while (at < text_.size()) {
      const char c = text_[at];
      if (c == '"' || c == '\'') {
        at = string_end(at);
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (depth == 0 && (c == '\n' || c == '\r' || c == '#')) break;
      at = c == '#' ? line_end(at) : at + 1;
    }
    while (is_ascii_space(text_[at - 1])) --at;
    return at;
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  [[nodiscard]] std::size_t string_end(std::size_t at) const {
    const std::string_view quote = text_.substr(at, 1);
    const std::string three(3, quote.front());
    const bool is_long = text_.substr(at).starts_with(three);
    const std::string_view closing = is_long ? std::string_view(three) : quote;
    at += closing.size();
    while (at < text_.size() && !text_.substr(at).starts_with(closing))
      at += quote == "\"" && text_[at] == '\\' ? 2 : 1;
    at = std::min(at + closing.size(), text_.size());
    // A long string may end in quotes of its own.
    while (is_long && at < text_.size() && text_[at] == quote.front()) ++at;
    return at;
  }

  std::string_view text_;
};

struct Edit {
  std::size_t begin;
  std::size_t end;
  std::string replacement;
};

/// The lines of `keys` with this before each.
std::string lines_of(const std::vector<MovedKey>& keys, std::string_view before,
                     std::string_view line_end) {
  std::string out;
  for (const MovedKey& key : keys)
    out += fmt::format("{}{}{} = {}", out.empty() ? "" : line_end, before, key.key,
                       toml_value(key.value));
  return out;
}

class Migrator {
 public:
  Migrator(const ConfigDocument& document, const ConfigNode& tree)
      : text_(document.text),
        tree_(tree),
        line_end_(document.text.find("\r\n") == std::string::npos ? "\n" : "\r\n") {}

  Result<std::string> rewrite(const std::vector<LegacyChange>& changes) {
    replace_strategies_header();
    for (std::size_t i = 0; i < changes.size();) {
      // An inline table is one statement with several keys.
      std::vector<MovedKey> memory;
      const Where& statement = changes[i].statement;
      const LegacyChange& first = changes[i];
      for (; i < changes.size() && changes[i].statement.line == statement.line &&
             changes[i].statement.column == statement.column;
           ++i)
        for (const MovedKey& key : changes[i].became) sort_in(key, memory);
      M3U_CHECK(replace_statement(first, memory));
    }
    insert_keys();
    return apply();
  }

 private:
  void sort_in(const MovedKey& key, std::vector<MovedKey>& memory) {
    if (key.section == kMemory)
      memory.push_back(key);
    else
      elsewhere_[key.section].push_back(key);
  }

  /// Whether the section's own header is in the text; where its line begins.
  [[nodiscard]] std::optional<std::size_t> header(std::string_view section) const {
    const ConfigMember* member = tree_.find(section);
    if (member == nullptr) return std::nullopt;
    const std::size_t at = text_.offset(member->value.where);
    std::string_view line = text_.text().substr(at, text_.line_end(at) - at);
    line = trim(line.substr(0, line.find(']')));
    if (!line.starts_with('[')) return std::nullopt;
    const std::string_view name = trim(line.substr(1));
    const bool quoted = name.size() > 2 && (name.front() == '"' || name.front() == '\'');
    if ((quoted ? name.substr(1, name.size() - 2) : name) != section) return std::nullopt;
    return text_.line_begin(member->value.where.line);
  }

  /// [proxy_memory.memory_strategy] goes; it becomes [proxy_memory] where there is no other.
  void replace_strategies_header() {
    const ConfigMember* memory = tree_.find(kMemory);
    const ConfigMember* strategies = memory->value.find("memory_strategy");
    if (strategies == nullptr || strategies->value.where.column >= strategies->where.column) return;
    const std::size_t begin = text_.line_begin(strategies->value.where.line);
    const std::size_t header_end = text_.text().find(']', begin) + 1;
    under_header_ = header(kMemory).has_value();
    if (under_header_)
      take_out(begin, header_end);
    else
      edits_.push_back({begin, header_end, fmt::format("[{}]", kMemory)});
  }

  Result<> replace_statement(const LegacyChange& change, const std::vector<MovedKey>& memory) {
    const std::size_t line = text_.line_begin(change.statement.line);
    const std::size_t begin = text_.text().find_first_not_of(" \t", line);
    const std::size_t key = text_.offset(change.statement);
    const std::string_view before = text_.text().substr(begin, key - begin);
    if (before.find_first_of("{[=,") != std::string_view::npos)
      return fail(
          {.code = ErrorCode::kConfig,
           .message = fmt::format("{} is inside an inline table", change.old_key),
           .where = change.where,
           .hint = fmt::format("write that table with a header, [{}], and try again", kMemory)});
    const std::size_t end = text_.value_end(text_.offset(change.value));
    const bool in_strategies = change.old_key.find(".memory_strategy.") != std::string::npos;
    if (in_strategies && under_header_) {
      auto& keys = elsewhere_[std::string(kMemory)];
      keys.insert(keys.end(), memory.begin(), memory.end());
      take_out(line, end);
    } else if (memory.empty()) {
      take_out(line, end);
    } else {
      const std::string_view prefix = before.starts_with(kMemory) ? "proxy_memory." : "";
      edits_.push_back({begin, end, lines_of(memory, prefix, line_end_)});
    }
    return {};
  }

  /// Removes a statement; its line too, unless a comment follows it.
  void take_out(std::size_t line, std::size_t end) {
    const std::size_t rest = text_.text().find_first_not_of(" \t", end);
    const bool comment = rest != std::string_view::npos && text_.text()[rest] == '#';
    edits_.push_back(
        {line, comment ? rest : std::min(text_.line_end(end) + 1, text_.text().size()), ""});
  }

  /// Keys whose place is another section: below its header, or in a new one at the end.
  void insert_keys() {
    for (const auto& [section, keys] : elsewhere_) {
      if (keys.empty()) continue;
      const std::string lines = lines_of(keys, "", line_end_);
      if (const auto at = header(section)) {
        const std::size_t end = text_.line_end(*at);
        const bool last = end == text_.text().size();
        const std::size_t below = last ? end : end + 1;
        edits_.push_back({below, below, last ? line_end_ + lines : lines + line_end_});
      } else {
        const bool open = !text_.text().empty() && !text_.text().ends_with('\n');
        edits_.push_back({text_.text().size(), text_.text().size(),
                          fmt::format("{}{}[{}]{}{}{}", open ? line_end_ : "", line_end_, section,
                                      line_end_, lines, line_end_)});
      }
    }
  }

  [[nodiscard]] std::string apply() {
    std::ranges::stable_sort(edits_, {}, &Edit::begin);
    std::string out;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      out += text_.text().substr(at, edit.begin - at);
      out += edit.replacement;
      at = edit.end;
    }
    out += text_.text().substr(at);
    return out;
  }

  DocumentText text_;
  const ConfigNode& tree_;
  std::string line_end_;
  bool under_header_ = false;  // memory_strategy has a header of its own beside [proxy_memory]
  std::vector<Edit> edits_;
  std::map<std::string, std::vector<MovedKey>> elsewhere_;  // by section
};

/// Whether two documents say the same, wherever it is in them.
bool same(const ConfigNode& a, const ConfigNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.integer != b.integer || a.boolean != b.boolean ||
      a.members.size() != b.members.size() || a.items.size() != b.items.size())
    return false;
  if (a.number != b.number && (a.number == a.number || b.number == b.number)) return false;
  for (const ConfigMember& member : a.members) {
    const ConfigMember* other = b.find(member.name);
    if (other == nullptr || !same(member.value, other->value)) return false;
  }
  return std::ranges::equal(a.items, b.items, same);
}

}  // namespace

Result<MigratedConfiguration> migrate_configuration(const ConfigDocument& document) {
  M3U_TRY(const ConfigNode before, parse_toml(document.text, document.file));
  ConfigNode wanted = before;
  ConfigReader reader;
  MigratedConfiguration out;
  out.changes = replace_legacy_keys(reader, wanted);
  out.problems = reader.take_problems();
  if (!out.problems.empty()) return out;
  if (out.changes.empty()) {
    out.text = document.text;
    return out;
  }
  M3U_TRY(out.text, Migrator(document, before).rewrite(out.changes));
  const auto after = parse_toml(out.text, document.file);
  if (!after || !same(*after, wanted))
    return fail({.code = ErrorCode::kConfig,
                 .message = "the keys of memory handling are in a form that cannot be rewritten",
                 .where = out.changes.front().where,
                 .hint = fmt::format("write them below the headers [{}] and [memory_cleanup], and "
                                     "try again",
                                     kMemory)});
  return out;
}

}  // namespace m3u_proxy::config
