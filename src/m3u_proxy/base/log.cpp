#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/base/log_levels.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>

namespace m3u_proxy::log {
namespace {

struct Rule {
  std::string module;  // empty: the default
  Level level;
};

using Rules = std::vector<Rule>;

struct State {
  State() { take(Rules{{.module = "", .level = Level::kInfo}}); }
  /// Those before stay, since another thread may look at them: a few hundred bytes for each change
  /// that somebody makes.
  void take(Rules changed) {
    const std::lock_guard lock(mutex);
    all.push_back(std::make_unique<const Rules>(std::move(changed)));
    rules = all.back().get();
  }

  std::atomic<const Rules*> rules{nullptr};
  std::atomic<Format> format = Format::kText;
  std::mutex mutex;  // of what follows
  std::vector<std::unique_ptr<const Rules>> all;
  std::function<void(std::string_view)> writer;
};

State& state() {
  static auto* instance = new State;  // never destroyed: logging outlives static destructors
  return *instance;
}

constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info",
                                                    "warn",  "error", "off"};
constexpr std::array<std::string_view, 6> kLabels = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", ""};

std::optional<Level> parse_level(std::string_view text) {
  if (equals_ascii_case(text, "warning")) return Level::kWarn;
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (equals_ascii_case(text, kNames[i])) return static_cast<Level>(i);
  return std::nullopt;
}

/// Now, as RFC 3339 with milliseconds.
std::string moment() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  std::string text = format_rfc3339(seconds.time_since_epoch().count());
  text.insert(text.size() - 1, fmt::format(".{:03}", (now - seconds).count()));
  return text;
}

std::string json_line(std::string_view module, Level level, std::string_view text,
                      const Fields& fields) {
  std::string line;
  JsonWriter json(line);
  json.begin_object()
      .member("time", std::string_view(moment()))
      .member("level", kNames[static_cast<std::size_t>(level)])
      .member("module", module)
      .member("message", text);
  for (const auto& [name, value] : fields) json.member(name, std::string_view(value));
  json.end_object();
  return line;
}

std::string text_line(std::string_view module, Level level, std::string_view text,
                      const Fields& fields) {
  std::string line(kLabels[static_cast<std::size_t>(level)]);
  line += ' ';
  if (level <= Level::kDebug) {
    line += module;
    line += ": ";
  }
  line += text;
  for (const auto& [name, value] : fields) line.append(" ").append(name).append("=").append(value);
  return line;
}

Level level_of(std::string_view module) {
  Level level = Level::kInfo;
  std::size_t longest = 0;
  for (const Rule& rule : *state().rules.load(std::memory_order_acquire)) {
    const bool covers = rule.module.empty() ||
                        (module.starts_with(rule.module) && (module.size() == rule.module.size() ||
                                                             module[rule.module.size()] == '.'));
    if (covers && rule.module.size() >= longest) {
      longest = rule.module.size();
      level = rule.level;
    }
  }
  return level;
}

Result<Rules> parse_rules(std::string_view specification) {
  Rules rules{{.module = "", .level = Level::kInfo}};
  while (!specification.empty()) {
    const std::size_t comma = std::min(specification.find(','), specification.size());
    const std::string_view part = trim(specification.substr(0, comma));
    specification.remove_prefix(std::min(comma + 1, specification.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const bool has_module = equals != std::string_view::npos;
    const auto level = parse_level(trim(has_module ? part.substr(equals + 1) : part));
    if (!level)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is not a log level", excerpt(part)),
                  "use trace, debug, info, warn, error or off, per module as memory.cleanup=debug");
    rules.push_back(
        {.module = has_module ? std::string(trim(part.substr(0, equals))) : "", .level = *level});
  }
  return rules;
}

}  // namespace

Result<> configure(std::string_view specification) {
  M3U_TRY(Rules rules, parse_rules(specification));
  state().take(std::move(rules));
  return {};
}

Result<> check_levels(std::string_view specification) {
  const auto rules = parse_rules(specification);
  return rules ? Result<>() : fail(rules.error());
}

Result<> change_levels(std::string_view specification) { return configure(specification); }

std::vector<std::string> configured_modules() {
  std::vector<std::string> modules;
  for (const Rule& rule : *state().rules.load(std::memory_order_acquire))
    if (!rule.module.empty()) modules.push_back(rule.module);
  return modules;
}

void set_writer(std::function<void(std::string_view)> writer) {
  const std::lock_guard lock(state().mutex);
  state().writer = std::move(writer);
}

bool enabled(std::string_view module, Level level) { return level >= level_of(module); }

std::optional<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::kText;
  if (name == "json") return Format::kJson;
  return std::nullopt;
}

void set_format(Format format) { state().format = format; }

void change_format(Format format) { set_format(format); }

void write(std::string_view module, Level level, std::string_view text) {
  write(module, level, text, {});
}

void write(std::string_view module, Level level, std::string_view text, const Fields& fields) {
  State& s = state();
  std::string line = s.format == Format::kJson ? json_line(module, level, text, fields)
                                               : text_line(module, level, text, fields);
  const std::lock_guard lock(s.mutex);
  if (s.writer) {
    s.writer(line);
    return;
  }
  line += '\n';
  (void)std::fwrite(line.data(), 1, line.size(), stderr);  // nobody is left to tell
}

}  // namespace m3u_proxy::log
