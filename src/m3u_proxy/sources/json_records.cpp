#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/sources/json_records.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr std::size_t kRead = std::size_t{64} << 10U;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The text without a byte order mark before it.
std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::size_t behind_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// Whether the list at the front of `text` begins with a value that is neither text, list nor
/// object, and goes on behind it: `[1,` but not the `[3]` of a warning.
bool is_list_of_others(std::string_view text) {
  constexpr std::string_view kLetters = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
  const std::size_t value = behind_spaces(text, 1);
  const std::size_t end = std::min(text.find_first_not_of(kLetters, value), text.size());
  const std::string_view word = text.substr(value, end - value);
  const bool is_value = word == "null" || word == "true" || word == "false" ||
                        (!word.empty() && (word.front() == '-' || is_ascii_digit(word.front())));
  const std::size_t next = behind_spaces(text, end);
  return is_value && next < text.size() && text[next] == ',';
}

/// Where JSON begins in `text`: a list or an object whose next character fits; a warning's
/// brackets are followed by other things. npos when there is none.
std::size_t find_json(std::string_view text) {
  for (std::size_t at = text.find_first_of("[{"); at != std::string_view::npos;
       at = text.find_first_of("[{", at + 1)) {
    const std::size_t next = behind_spaces(text, at + 1);
    if (next == text.size()) return at;
    const bool at_front = trim(without_mark(text.substr(0, at))).empty();
    if (at_front && text[at] == '[' && is_list_of_others(text.substr(at))) return at;
    const bool fits = text[at] == '[' ? std::string_view("{[]\"").contains(text[next])
                                      : text[next] == '"' || text[next] == '}';
    if (fits) return at;
  }
  return std::string_view::npos;
}

/// Where in `text`, behind its first byte, another record seems to begin; npos when nowhere.
std::size_t next_beginning(std::string_view text) {
  for (std::size_t at = text.find('}'); at != std::string_view::npos; at = text.find('}', at + 1)) {
    const std::size_t comma = behind_spaces(text, at + 1);
    if (comma == text.size() || text[comma] != ',') continue;
    const std::size_t open = behind_spaces(text, comma + 1);
    if (open == text.size() || text[open] != '{') continue;
    const std::size_t quote = behind_spaces(text, open + 1);
    if (quote < text.size() && text[quote] == '"') return open;
  }
  return std::string_view::npos;
}

/// The end of the string that begins at text[at] with its quote; npos when it is further on.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (std::size_t quote = text.find('"', at + 1); quote != std::string_view::npos;
       quote = text.find('"', quote + 1)) {
    std::size_t first_slash = quote;
    while (first_slash > at + 1 && text[first_slash - 1] == '\\') --first_slash;
    if ((quote - first_slash) % 2 == 0) return quote + 1;
  }
  return std::string_view::npos;
}

constexpr auto kBraces = [] {
  std::array<bool, 256> table{};
  for (const char c : {'{', '}', '[', ']', '"'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// The end of the value that begins at text[0] with a brace; nullopt when it is further on.
std::optional<std::size_t> balanced_end(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (!kBraces[static_cast<unsigned char>(c)]) {
      ++at;
    } else if (c == '"') {
      at = string_end(text, at);
    } else {
      ++at;
      if (c == '{' || c == '[')
        ++depth;
      else if (--depth == 0)
        return at;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<JsonRecords> JsonRecords::create(io::ByteSource& source, memory::Budget& budget,
                                        std::string_view member) {
  M3U_TRY(io::Buffer buffer,
          io::Buffer::allocate(budget, memory::Tag::kInput, kLargest + 2 * kRead + kPadding));
  return JsonRecords(source, std::move(buffer), member);
}

/// Reads more behind what is there, for which there is room as long as that is below kLargest.
Result<bool> JsonRecords::fill() {
  if (source_ended_) return false;
  if (buffer_.size() - kPadding - end_ < kRead) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    last_ = begin_ = 0;
  }
  M3U_TRY(const std::size_t size, source_->read(buffer_.bytes().subspan(end_, kRead)));
  end_ += size;
  source_ended_ = size == 0;
  return size != 0;
}

Result<std::optional<std::string_view>> JsonRecords::next(ProblemLog& problems) {
  if (state_ == State::kBefore)
    M3U_CHECK(member_.empty() ? begin(problems) : begin_at_member(problems));
  while (state_ == State::kInList) {
    M3U_TRY(const bool there, skip_to_record());
    if (!there) break;
    M3U_TRY(const auto size, record_end(problems));
    if (!size) continue;
    const std::string_view record = view().substr(0, *size);
    last_ = begin_;
    begin_ += *size;
    return record;
  }
  return std::nullopt;
}

void JsonRecords::resume_inside() {
  const std::size_t next = next_beginning({buffer_.data() + last_, begin_ - last_});
  if (next != std::string_view::npos) begin_ = last_ + next;
}

/// Finds the list, or that there is none.
Result<> JsonRecords::begin(ProblemLog& problems) {
  constexpr std::size_t kLongestJunk = kRead;
  // Whether a bracket begins the list is seen at what follows, which must not be cut off.
  while (view().size() <= kLongestJunk && !source_ended_) M3U_CHECK(fill());
  while (true) {
    const std::size_t at = find_json(view());
    const bool there = at != std::string_view::npos && at < kLongestJunk;
    if (there && (source_ended_ || behind_spaces(view(), at + 1) < view().size())) {
      enter(at, problems);
      return {};
    }
    const bool in_vain = there ? view().size() >= kLargest : view().size() > kLongestJunk;
    if (in_vain) return no_list(problems);
    M3U_TRY(const bool more, fill());
    if (!more && !there) return no_list(problems);
  }
}

Result<> JsonRecords::begin_at_member(ProblemLog& problems) {
  const std::string name = fmt::format("\"{}\"", member_);
  while (true) {
    const std::size_t found = view().find(name);
    if (found != std::string_view::npos) {
      begin_ += found;
      // Its value may come with the next piece.
      while (view().size() < kRead && !source_ended_) M3U_CHECK(fill());
      const std::size_t colon = behind_spaces(view(), name.size());
      const std::size_t value = behind_spaces(view(), colon + 1);
      const bool is_list = value < view().size() && view()[colon] == ':' &&
                           (view()[value] == '[' || view()[value] == '{');
      if (is_list) {
        state_ = State::kInList;  // a list by seasons is as usual as one without
        begin_ += value + 1;
        return {};
      }
      begin_ += name.size();
      continue;
    }
    begin_ = std::max(begin_, end_ - std::min(end_, name.size()));
    M3U_TRY(const bool more, fill());
    if (!more) {
      problems.count("json_no_list");
      state_ = State::kEnded;
      return {};
    }
  }
}

Result<> JsonRecords::no_list(ProblemLog& problems) {
  const std::string_view text = trim(without_mark(view()));
  state_ = State::kEnded;
  if (text == "false" || text == "null" || text == "\"\"") {
    problems.count("json_no_list");
    return {};
  }
  if (text.empty()) return fail(ErrorCode::kParse, "the provider answered with nothing");
  constexpr std::size_t kShown = 80;
  return fail(ErrorCode::kParse,
              fmt::format("the provider answered with something else than JSON: \"{}\"",
                          excerpt(text, kShown)));
}

/// Goes into the list or object at `at`.
void JsonRecords::enter(std::size_t at, ProblemLog& problems) {
  const std::string_view before = trim(without_mark(view().substr(0, at)));
  if (!before.empty()) problems.add("json_junk", 1, 0, before);
  if (view()[at] == '{') {
    const std::size_t next = behind_spaces(view(), at + 1);
    const bool empty = next == view().size() || view()[next] == '}';
    problems.count(empty ? "json_no_list" : "json_object_for_list");
  }
  begin_ += at + 1;
  state_ = State::kInList;
}

/// Moves to the next record's brace; false at the list's end, or the input's. Names of members,
/// values that are no records, and what separates them are passed over.
Result<bool> JsonRecords::skip_to_record() {
  while (true) {
    const std::string_view text = view();
    std::size_t at = 0;
    bool in_string = false;
    while (at < text.size() && text[at] != '{') {
      if (text[at] == '"') {
        const std::size_t end = string_end(text, at);
        in_string = end == std::string_view::npos;
        if (in_string) break;
        at = end;
        continue;
      }
      if (text[at] == '[') ++depth_;
      if ((text[at] == ']' || text[at] == '}') && --depth_ == 0) {
        state_ = State::kEnded;
        return false;
      }
      ++at;
    }
    begin_ += at;
    if (at < text.size() && !in_string) return true;
    if (view().size() >= kLargest) begin_ += view().size() - kLargest + 1;  // a string without end
    M3U_TRY(const bool more, fill());
    if (!more) {
      state_ = State::kEnded;
      return false;
    }
  }
}

/// The size of the record at the front; nullopt when it is none that can be used.
Result<std::optional<std::size_t>> JsonRecords::record_end(ProblemLog& problems) {
  while (true) {
    const auto size = balanced_end(view());
    if (size && *size <= kLargest) return size;
    if (size || view().size() >= kLargest) {
      M3U_CHECK(leave_broken(problems, "json_too_large"));
      return std::nullopt;
    }
    M3U_TRY(const bool more, fill());
    if (more) continue;
    const bool goes_on = next_beginning(view()) != std::string_view::npos;
    M3U_CHECK(leave_broken(problems, goes_on ? "json_broken" : "json_truncated"));
    return std::nullopt;
  }
}

/// Goes on where the next record seems to begin, however far that is.
Result<> JsonRecords::leave_broken(ProblemLog& problems, std::string_view reason) {
  constexpr std::size_t kShown = 80;
  constexpr std::size_t kSeam = 16;  // "},{" and some white space
  problems.add(reason, 0, 0, view().substr(0, kShown));
  while (true) {
    const std::size_t next = next_beginning(view());
    if (next != std::string_view::npos) {
      begin_ += next;
      return {};
    }
    begin_ = end_ - std::min(end_ - begin_, kSeam);
    M3U_TRY(const bool more, fill());
    if (!more) {
      state_ = State::kEnded;
      return {};
    }
  }
}

}  // namespace m3u_proxy::sources
