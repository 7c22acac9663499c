#include <algorithm>
#include <bit>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>
#include <m3u_proxy/formats/m3u_blanks.hpp>
#include <m3u_proxy/formats/m3u_extinf.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::Attribute;
using catalog::ChannelField;

constexpr std::uint32_t bit_of(ChannelField field) {
  return 1U << static_cast<std::uint32_t>(field);
}

/// A bit that two keys that differ in case only share.
std::uint64_t bit_of(std::string_view key) {
  const auto first = static_cast<unsigned char>(ascii_lower(key.front()));
  const auto last = static_cast<unsigned char>(ascii_lower(key.back()));
  return std::uint64_t{1} << ((first + std::size_t{5} * last + std::size_t{17} * key.size()) & 63U);
}

/// FNV-1a without case.
std::uint32_t hash_of(std::string_view key) {
  std::uint32_t hash = 2166136261U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(ascii_lower(c))) * 16777619U;
  return hash;
}

}  // namespace

std::string_view extinf_text(std::string_view line) {
  constexpr std::string_view kUsual = "#EXTINF:";
  if (line.starts_with(kUsual)) return line.substr(kUsual.size());
  line.remove_prefix(skip_blanks(line, 1) + kUsual.size() - 2);
  line.remove_prefix(skip_blanks(line, 0));
  if (line.starts_with(':')) return line.substr(1);
  return line.starts_with(kFullWidthColon) ? line.substr(kFullWidthColon.size()) : line;
}

std::string_view take_duration(std::string_view& text) {
  text.remove_prefix(skip_blanks(text, 0));
  std::size_t end = 0;
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  while (end < text.size() && (is_ascii_digit(text[end]) || text[end] == '.')) ++end;
  const std::string_view duration = text.substr(0, end);
  text.remove_prefix(end);
  return duration;
}

bool continues_extinf(std::string_view extinf, std::string_view line) {
  if (line.empty() || line.front() == '#' || begins_with_scheme(line)) return false;
  std::string_view text = extinf_text(extinf);
  take_duration(text);
  AttributeCursor cursor(text);
  while (cursor.next()) continue;
  const char quote = cursor.quote_open_at_end();
  if (quote == '\0') return false;
  for (std::size_t at = line.find(quote); at != std::string_view::npos;
       at = line.find(quote, at + 1))
    if (closes_value(line, at + 1)) return true;
  return false;
}

void join_extinf(std::string_view extinf, std::string_view line, std::string& out) {
  const auto is_quote = [](char c) { return c == '"' || c == '\''; };
  out += extinf;
  if (!is_quote(extinf.back()) && !is_quote(line.front())) out += ' ';
  out += line;
}

inline void ExtinfReader::take(std::string_view key, std::string_view value) {
  const auto field = catalog::field_of_attribute(key);
  if (!field) return take_attribute(key, value);
  const std::uint32_t bit = bit_of(*field);
  if ((seen_fields_ & bit) != 0) return repeat_field(*field, value);
  seen_fields_ |= bit;
  batch_.set_text(*field, row_, value);
}

std::string_view ExtinfReader::read(std::string_view line, std::uint64_t line_number) {
  row_ = batch_.rows() - 1;
  seen_fields_ = 0;
  seen_keys_ = 0;
  table_.clear();
  constexpr std::string_view kUsual = "#EXTINF:-1 ";
  std::string_view text;
  if (line.starts_with(kUsual)) [[likely]] {
    batch_.set_duration(row_, "-1");
    text = line.substr(kUsual.size() - 1);
  } else {
    text = extinf_text(line);
    batch_.set_duration(row_, take_duration(text));
  }
  AttributeCursor cursor(text);
  while (cursor.next()) {
    std::string_view value = cursor.value();
    if (cursor.value_has_escapes()) {
      scratch_.clear();
      unescape_value(value, scratch_);
      value = batch_.store(scratch_);
    }
    take(cursor.key(), value);
  }
  if (!groups_.empty()) join_groups();
  empty_.clear();
  if (!cursor.found_comma())
    problems_.add("missing_comma", line_number, 0, line);
  else if (cursor.found_stray_text())
    problems_.add("stray_text", line_number, 0, line);
  if (cursor.found_open_quote()) problems_.add("missing_quote", line_number, 0, line);
  if (found_repeated_) problems_.add("repeated_attribute", line_number, 0, line);
  found_repeated_ = false;
  return cursor.rest();
}

/// The first value that is not empty stays; groups are collected.
void ExtinfReader::repeat_field(ChannelField field, std::string_view value) {
  if (field == ChannelField::kGroupTitle) return add_group(value);
  found_repeated_ = true;
  if (batch_.text(field, row_).empty()) batch_.set_text(field, row_, value);
}

void ExtinfReader::add_group(std::string_view group) {
  constexpr std::size_t kMaxGroups = 100;
  const std::string_view first = batch_.text(ChannelField::kGroupTitle, row_);
  if (group.empty()) return;
  if (first.empty()) {
    batch_.set_text(ChannelField::kGroupTitle, row_, group);
    return;
  }
  if (groups_.empty()) groups_.push_back(first);
  if (std::ranges::find(groups_, group) != groups_.end()) return;
  if (groups_.size() == kMaxGroups)
    found_repeated_ = true;
  else
    groups_.push_back(group);
}

void ExtinfReader::join_groups() {
  scratch_.clear();
  for (const std::string_view group : groups_) {
    if (!scratch_.empty()) scratch_ += ';';
    scratch_ += group;
  }
  batch_.set_text(ChannelField::kGroupTitle, row_, batch_.store(scratch_));
  groups_.clear();
}

void ExtinfReader::take_attribute(std::string_view key, std::string_view value) {
  const std::uint64_t bit = bit_of(key);
  const bool may_be_repeated = (seen_keys_ & bit) != 0;
  seen_keys_ |= bit;
  if (catalog::is_catchup(key) && replace_catchup(key, value)) return;
  if (may_be_repeated) {
    const auto is_key = [key](std::string_view other) { return equals_ascii_case(other, key); };
    const bool has_value = is_there(key);
    found_repeated_ |= has_value || std::ranges::any_of(empty_, is_key);
    if (has_value) return;
  }
  constexpr std::size_t kMaxEmpty = 64;
  if (!value.empty())
    batch_.push_attribute({.key = key, .value = value});
  else if (empty_.size() < kMaxEmpty)
    empty_.push_back(key);
}

/// Of `catchup` and `catchup-type` the former counts. False when there is none yet.
bool ExtinfReader::replace_catchup(std::string_view key, std::string_view value) {
  const auto attributes = batch_.attributes(row_);
  const auto found = std::ranges::find_if(attributes, catalog::is_catchup, &Attribute::key);
  if (found == attributes.end()) return false;
  found_repeated_ = true;
  if (!value.empty() && found->key.size() > key.size())
    batch_.replace_attribute(row_, static_cast<std::size_t>(found - attributes.begin()),
                             {.key = key, .value = value});
  return true;
}

/// Whether the row has an attribute of this key. A line of a megabyte has room for 300,000: they
/// are found by a hash table, which is built anew as they grow.
bool ExtinfReader::is_there(std::string_view key) {
  constexpr std::size_t kFew = 32;
  const auto attributes = batch_.attributes(row_);
  const auto is_key = [key](std::string_view other) { return equals_ascii_case(other, key); };
  if (attributes.size() <= kFew) return std::ranges::any_of(attributes, is_key, &Attribute::key);
  if (table_.size() < 2 * attributes.size()) {
    table_.assign(std::bit_ceil(4 * attributes.size()), 0);
    in_table_ = 0;
  }
  const auto slot_of = [&](std::string_view wanted) {
    std::size_t slot = hash_of(wanted) & (table_.size() - 1);
    while (table_[slot] != 0 && !equals_ascii_case(attributes[table_[slot] - 1].key, wanted))
      slot = (slot + 1) & (table_.size() - 1);
    return slot;
  };
  for (; in_table_ < attributes.size(); ++in_table_)
    table_[slot_of(attributes[in_table_].key)] = in_table_ + 1;
  return table_[slot_of(key)] != 0;
}

}  // namespace m3u_proxy::formats
