// Config and Context: what the plugin is told by the operator, and about a generation.
#pragma once

#include "json.hpp"

namespace m3u {

/// The plugin's configuration: the manifest's [config], then what the operator set.
class Config {
 public:
  explicit Config(Text json) : text_(arena_.store(json)), json_(text_) {}
  [[nodiscard]] Json operator[](Text key) const { return json_[key]; }
  /// A text that lives as long as the plugin.
  Text text(Text key, Text fallback = {}) { return json_[key].text(arena_, fallback); }
  [[nodiscard]] double number(Text key, double fallback = 0) const {
    return json_[key].number(fallback);
  }
  [[nodiscard]] bool flag(Text key, bool fallback = false) const {
    return json_[key].flag(fallback);
  }
  /// The texts of a list; a single text is a list of one.
  Array<Text> list(Text key) {
    Array<Text> all;
    const Json value = json_[key];
    if (value.is_text()) all.push_back(value.text(arena_));
    value.items([&](Json item) { all.push_back(item.text(arena_)); });
    return all;
  }

 private:
  Arena arena_;
  Text text_;
  Json json_;
};

/// What is known when a generation begins; lives until the next one begins.
class Context {
 public:
  explicit Context(Text json) : text_(arena_.store(json)), json_(text_) {}
  [[nodiscard]] Json json() const { return json_; }
  Text proxy() { return json_["proxy"].text(arena_); }
  /// The run's time, seconds since 1970.
  [[nodiscard]] int64_t now() const { return static_cast<int64_t>(json_["now"].number()); }
  [[nodiscard]] uint32_t chunk_rows() const { return number("chunk_rows"); }
  /// The source that a source_loading plugin reads.
  [[nodiscard]] uint16_t source() const { return static_cast<uint16_t>(number("source")); }
  [[nodiscard]] PressureLevel pressure() const {
    return static_cast<PressureLevel>(number("pressure"));
  }
  /// Calls source(name, type, url) for each source, in the order of their numbers.
  template <typename F>
  void sources(F&& source) {
    json_["sources"].items([&](Json item) {
      source(item["name"].text(arena_), item["type"].text(arena_), item["url"].text(arena_));
    });
  }

 private:
  [[nodiscard]] uint32_t number(Text key) const {
    return static_cast<uint32_t>(json_[key].number());
  }
  Arena arena_;
  Text text_;
  Json json_;
};

}  // namespace m3u
