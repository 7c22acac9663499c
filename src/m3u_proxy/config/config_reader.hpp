// ConfigReader: takes typed values out of a ConfigNode and collects a message for everything that
// is not as it should be, so that the user sees all mistakes at once.
//
// A value that is wrong leaves its target unchanged. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/config/key_shape.hpp>

namespace m3u_proxy::config {

template <typename Enum>
struct Choice {
  std::string_view word;
  Enum value;
};

class ConfigReader {
 public:
  void integer(const ConfigNode& node, std::int64_t least, std::int64_t most, std::int64_t& out);
  template <typename T>
  void integer(const ConfigNode& node, std::int64_t least, std::int64_t most, T& out) {
    auto value = static_cast<std::int64_t>(out);
    integer(node, least, most, value);
    out = static_cast<T>(value);
  }
  void number(const ConfigNode& node, double least, double most, double& out);
  void boolean(const ConfigNode& node, bool& out);
  enum class Empty : std::uint8_t { kRefuse, kAllow };
  void text(const ConfigNode& node, Empty empty, std::string& out);
  /// "90s", "5m", "1h30m", or a whole number of seconds.
  void duration(const ConfigNode& node, std::chrono::seconds& out);
  /// A part of a whole: "50%" or 0.5.
  void share(const ConfigNode& node, std::optional<double>& out);
  void memory_limit(const ConfigNode& node, MemoryLimitSetting& out);
  /// A list of names, each once.
  void names(const ConfigNode& node, std::vector<Named>& out);
  void text_map(const ConfigNode& node, std::vector<std::pair<std::string, std::string>>& out);
  template <typename Enum, std::size_t kCount>
  void choice(const ConfigNode& node, const Choice<Enum> (&choices)[kCount], Enum& out);

  /// The node as a table or a list of tables; false (with a message) when it is something else.
  bool expect(const ConfigNode& node, ConfigNode::Kind kind, std::string_view what);
  void unknown_key(const ConfigMember& member, std::span<const std::string_view> known);
  void problem(const Where& where, std::string message, std::string hint = {});
  void problem(ConfigProblem problem) { problems_.push_back(std::move(problem)); }
  void not_acted_on(std::string_view key);
  /// Tells once that a key has another name now.
  void renamed(std::string_view key, std::string_view now);

  /// From now on nothing is read: `shape` is told what the next key takes, and what its target has.
  /// It outlives this, or until the next call; nullptr: reads again.
  void describe(KeyShape* shape) { shape_ = shape; }
  /// For a reading function of its own: whether it is only to be described, as this.
  bool describes(KeyShape shape);
  /// The key at hand has no value, whatever was described.
  void describe_nothing();

  /// What messages call the value at hand, such as `proxies[2].mode`.
  void set_path(std::string path) { path_ = std::move(path); }
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::size_t problem_count() const { return problems_.size(); }
  [[nodiscard]] std::vector<ConfigProblem> take_problems() { return std::move(problems_); }
  [[nodiscard]] std::vector<std::string> take_not_acted_on() const {
    return {not_acted_on_.begin(), not_acted_on_.end()};
  }
  /// What the user should know although nothing is wrong.
  [[nodiscard]] std::vector<std::string> take_warnings() const {
    return {warnings_.begin(), warnings_.end()};
  }

 private:
  void wrong_type(const ConfigNode& node, std::string_view expected);
  void wrong_word(const ConfigNode& node, std::span<const std::string_view> words);
  std::optional<std::int64_t> as_integer(const ConfigNode& node) const;
  std::optional<double> as_number(const ConfigNode& node) const;
  static std::optional<std::string_view> as_text(const ConfigNode& node);
  static std::string as_json(std::string_view text);

  std::string path_;
  KeyShape* shape_ = nullptr;
  std::vector<ConfigProblem> problems_;
  std::set<std::string> not_acted_on_;
  std::set<std::string> warnings_;
};

template <typename Enum, std::size_t kCount>
void ConfigReader::choice(const ConfigNode& node, const Choice<Enum> (&choices)[kCount],
                          Enum& out) {
  if (shape_ != nullptr) {
    *shape_ = {.type = KeyShape::Type::kChoice};
    for (std::size_t i = 0; i < kCount; ++i) {
      // Of several spellings the first is today's.
      const auto* const first = std::ranges::find(choices, choices[i].value, &Choice<Enum>::value);
      if (first != choices + i) continue;
      shape_->choices.emplace_back(choices[i].word);
      if (choices[i].value == out) shape_->value = as_json(choices[i].word);
    }
    return;
  }
  const auto word = as_text(node);
  std::vector<std::string_view> words;
  for (const auto& choice : choices) {
    if (word && *word == choice.word) {
      out = choice.value;
      return;
    }
    words.push_back(choice.word);
  }
  wrong_word(node, words);
}

}  // namespace m3u_proxy::config
