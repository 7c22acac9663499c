#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/api/draft_places.hpp>
#include <m3u_proxy/api/service/setting_check.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/settings/setting_places.hpp>
#include <m3u_proxy/settings/setting_secrets.hpp>

namespace m3u_proxy::api {
namespace {

using config::SaidBy;
using Key = settings::LiveSettings::Key;

/// Why it cannot be said here; empty: it can.
std::string lock_of(const Key& key, const std::string& file) {
  if (key.said.key == "database.url")
    return "it says where the settings are kept: name it in the configuration file or as "
           "M3U_PROXY_DATABASE__URL";
  switch (key.said_by) {
    case SaidBy::kCommandLine:
      return "the command line says it";
    case SaidBy::kEnvironment:
      return "the environment says it";
    case SaidBy::kFile:
      return fmt::format("{} says it: change it there, or take it out there", file);
    case SaidBy::kDatabase:
    case SaidBy::kDefault:
      break;
  }
  return {};
}

/// Sections that there are not, and what is no table.
std::vector<FieldProblem> wrong_sections(const ConfigNode& sent) {
  std::vector<std::string_view> known;
  for (const auto& section : config::plain_sections()) known.push_back(section.section);
  std::vector<FieldProblem> wrong;
  for (const ConfigMember& section : sent.members) {
    const std::string field = "config." + section.name;
    if (std::ranges::find(known, section.name) == known.end()) {
      const std::string_view close = closest_word(section.name, known);
      wrong.push_back(
          {.field = field,
           .code = "unknown",
           .message = fmt::format("\"{}\" is no section of settings", excerpt(section.name)),
           .hint = close.empty() ? "" : fmt::format("did you mean {}?", close)});
    } else if (section.value.kind != ConfigNode::Kind::kTable) {
      wrong.push_back(
          {.field = field, .code = "type", .message = field + " has to be an object of keys"});
    }
  }
  return wrong;
}

class SettingCheck {
 public:
  SettingCheck(const ApiContext& context, ConfigNode sent, const ConfigNode& saved)
      : context_(context), sent_(std::move(sent)), saved_(saved) {}

  Outcome<CheckedSettings> check();

 private:
  /// Takes out what others say already; Problem: 409 for what they say otherwise.
  Outcome<void> leave_out_locked();
  [[nodiscard]] bool is_as_said(const Key& key, const ConfigNode& value) const;
  [[nodiscard]] Outcome<void> nothing_hidden() const;
  Outcome<config::Configuration> read();

  const ApiContext& context_;
  ConfigNode sent_;
  const ConfigNode& saved_;
};

bool SettingCheck::is_as_said(const Key& key, const ConfigNode& value) const {
  const std::string json = config::to_json(value);
  const std::string& said = key.said.shape.value;
  if (json == settings::shown_json(key.said.key, said)) return true;
  const auto same = config::parse_json(said, key.said.key);
  return same && json == config::to_json(*same);
}

Outcome<void> SettingCheck::leave_out_locked() {
  const std::string file = context_.settings.file();
  std::vector<FieldProblem> locked;
  for (const Key& key : context_.settings.keys()) {
    const std::string why = lock_of(key, file);
    const ConfigNode* const value = settings::value_of(sent_, key.said.key);
    if (why.empty() || value == nullptr) continue;
    const ConfigNode* const before = settings::value_of(saved_, key.said.key);
    if (before != nullptr && config::to_json(*before) == config::to_json(*value)) continue;
    if (!is_as_said(key, *value)) {
      locked.push_back({.field = "config." + key.said.key,
                        .code = "managed",
                        .message = fmt::format("{} cannot be changed here", key.said.key),
                        .hint = why});
      continue;
    }
    const auto section = std::ranges::find(sent_.members, key.said.section, &ConfigMember::name);
    std::erase_if(section->value.members,
                  [&](const ConfigMember& member) { return member.name == key.said.name; });
  }
  std::erase_if(sent_.members,
                [](const ConfigMember& section) { return section.value.members.empty(); });
  if (locked.empty()) return {};
  Problem refused(409, locked.front().message, locked.front().hint);
  refused.errors = std::move(locked);
  return std::unexpected<Problem>(std::move(refused));
}

Outcome<config::Configuration> SettingCheck::read() {
  // As it is kept: members have no order, and one more would be a change.
  M3U_TRY(ConfigNode marked, config::parse_json(config::to_json(sent_), "config"));
  mark_draft(marked, "config");
  config::LoadedConfiguration loaded = context_.settings.try_out(marked);
  std::vector<FieldProblem> own;
  std::vector<Error> others;
  for (config::ConfigProblem& found : loaded.problems) {
    const auto field = draft_field(found.error.where);
    if (field)
      own.push_back({.field = *field,
                     .code = "invalid",
                     .message = found.error.message,
                     .hint = found.error.hint});
    else
      others.push_back(std::move(found.error));
  }
  const auto add = [&](const std::vector<std::pair<std::string, Error>>& wrong) {
    for (const auto& [key, error] : wrong)
      if (settings::value_of(sent_, key) != nullptr)
        own.push_back({.field = "config." + key,
                       .code = "invalid",
                       .message = fmt::format("{}: {}", key, error.message),
                       .hint = error.hint});
  };
  // Before anybody looks what is there: where nothing may be named, nothing can be found out.
  if (own.empty()) add(settings::wrong_places(loaded, context_.settings.said(), context_.data));
  if (own.empty()) add(context_.check_settings(loaded.configuration));
  if (!own.empty()) return std::unexpected<Problem>(Problem(std::move(own)));
  if (others.empty()) return std::move(loaded.configuration);
  std::set<std::string> known;
  for (const config::ConfigProblem& before : context_.settings.try_out(saved_).problems)
    known.insert(before.error.message);
  for (const Error& other : others)
    if (!known.contains(other.message)) return problem(409, other.message, other.hint);
  return std::move(loaded.configuration);
}

/// What is shown as *** and could not be put back would be taken for the secret itself.
Outcome<void> SettingCheck::nothing_hidden() const {
  std::vector<FieldProblem> wrong;
  for (const std::string& key : settings::hidden_secrets(sent_, saved_))
    wrong.push_back({.field = "config." + key,
                     .code = "hidden",
                     .message = fmt::format("{} still has *** in the place of its secret", key),
                     .hint = "write all of it anew"});
  if (!wrong.empty()) return std::unexpected<Problem>(Problem(std::move(wrong)));
  return {};
}

Outcome<CheckedSettings> SettingCheck::check() {
  if (auto wrong = wrong_sections(sent_); !wrong.empty())
    return std::unexpected<Problem>(Problem(std::move(wrong)));
  settings::restore_secrets(sent_, saved_);
  M3U_CHECK(leave_out_locked());
  M3U_CHECK(nothing_hidden());
  M3U_TRY(config::Configuration would_be, read());
  return CheckedSettings{.tree = std::move(sent_), .would_be = std::move(would_be)};
}

}  // namespace

Outcome<CheckedSettings> check_saved_settings(const ApiContext& context, ConfigNode sent,
                                              const ConfigNode& saved) {
  return SettingCheck(context, std::move(sent), saved).check();
}

}  // namespace m3u_proxy::api
