// JsonWriter: appends JSON to a text, piece by piece, without building anything in memory first.
//
// Commas, colons and the escaping of texts are its business; that what is written is one whole
// value is the caller's (checked by assert). Texts are UTF-8: a byte that is none becomes U+FFFD.
// Source: RFC 8259.
#pragma once

#include <array>
#include <cassert>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy {

/// Appends `text` with its quotes.
void append_json_string(std::string& out, std::string_view text);
void append_json_string(std::pmr::string& out, std::string_view text);
/// Appends the shortest text that reads back to the same number; `null` for infinities and NaN.
void append_json_number(std::string& out, double number);
void append_json_number(std::pmr::string& out, double number);

/// `Text` is std::string or std::pmr::string. Belongs to one thread.
template <typename Text>
class JsonWriter {
 public:
  /// Appends to `out`, which outlives it.
  explicit JsonWriter(Text& out) : out_(&out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  /// The name of the member whose value is written next.
  JsonWriter& key(std::string_view name) {
    separate();
    append_json_string(*out_, name);
    *out_ += ':';
    first_ = true;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    separate();
    append_json_string(*out_, text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
  template <std::integral Number>
  JsonWriter& value(Number number) {
    std::array<char, 24> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    return raw({digits.data(), static_cast<std::size_t>(end - digits.begin())});
  }
  JsonWriter& value(double number) {
    separate();
    append_json_number(*out_, number);
    return *this;
  }
  JsonWriter& null() { return raw("null"); }
  template <typename Value>
  JsonWriter& value(const std::optional<Value>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  /// `json` is a whole value already.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_->append(json);
    return *this;
  }
  /// key() and value() in one.
  template <typename Value>
  JsonWriter& member(std::string_view name, const Value& member_value) {
    key(name);
    return value(member_value);
  }

 private:
  void separate() {
    if (!first_) *out_ += ',';
    first_ = false;
  }
  JsonWriter& open(char bracket) {
    separate();
    *out_ += bracket;
    first_ = true;
    ++depth_;
    return *this;
  }
  JsonWriter& close(char bracket) {
    assert(depth_ > 0);
    *out_ += bracket;
    first_ = false;
    --depth_;
    return *this;
  }

  Text* out_;
  bool first_ = true;  ///< the next value has nothing in front of it to be separated from
  int depth_ = 0;
};

}  // namespace m3u_proxy
