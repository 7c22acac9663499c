#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/lineup/explain_routes.hpp>
#include <m3u_proxy/api/lineup/guide_routes.hpp>
#include <m3u_proxy/api/lineup/previews.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using generation::ExplainedChannel;
using generation::ExplainedKind;
using generation::ExplainedStep;
using Generation = PublishedData::Generation;

constexpr std::size_t kMostCandidates = 20;
constexpr std::size_t kLongestName = 500;
constexpr std::size_t kMostLooked = 500;
constexpr std::size_t kMostGuideCandidates = 10;
/// A small guide is read by then; nobody is kept waiting for a large one, which a later question
/// finds.
constexpr GuideCatalog::Patience kGuidePatience{.time = std::chrono::milliseconds(30),
                                                .from = GuideCatalog::Patience::From::kReading};

/// What is asked about.
struct Question {
  Uuid proxy{};
  std::optional<Uuid> channel{};
  std::string name{};
};

Outcome<Question> question_of(const http::Request& request) {
  Question question;
  M3U_TRY(question.proxy, path_id(request));
  const auto channel = http::query_value(request.query, "channel");
  const auto name = http::query_value(request.query, "name");
  if (channel) {
    const auto id = parse_uuid(*channel);
    if (!id) return field_problem("channel", "invalid", "channel is no id");
    question.channel = *id;
  } else if (name && !name->empty() && name->size() <= kLongestName) {
    question.name = *name;
  } else {
    return field_problem("channel", "required",
                         "explain needs a channel's id or a name of up to 500 bytes");
  }
  return question;
}

std::string text_of(const ExplainedStep& step) {
  if (step.kind == ExplainedKind::kEdit) return "somebody edited this channel";
  if (step.kind == ExplainedKind::kRule) {
    if (!step.matched) return fmt::format("the rule \"{}\" does not apply", step.name);
    return step.before.empty()
               ? fmt::format("the rule \"{}\" applies, and changes nothing", step.name)
               : fmt::format("the rule \"{}\" changes it", step.name);
  }
  if (!step.matched)
    return fmt::format("the filter \"{}\" is not true for it, so it is {} as before", step.name,
                       step.is_in ? "in" : "out");
  return fmt::format("the filter \"{}\" is true for it, and {} it", step.name,
                     step.excludes ? "takes out" : "lets in");
}

void write_step(Json& json, const ExplainedStep& step, Role role) {
  constexpr std::array<std::string_view, 3> kKinds = {"rule", "edit", "filter"};
  json.begin_object()
      .member("kind", kKinds[static_cast<std::size_t>(step.kind)])
      .member("name", std::string_view(step.name))
      .member("matched", step.matched);
  if (step.kind == ExplainedKind::kFilter)
    json.member("verdict", step.is_in ? std::string_view("in") : std::string_view("out"));
  json.member("text", std::string_view(text_of(step)));
  if (!step.before.empty()) {
    write_values(json, "before", step.before, role);
    write_values(json, "after", step.after, role);
  }
  json.end_object();
}

void simple_step(Json& json, std::string_view kind, std::string_view name, std::string_view text) {
  json.begin_object()
      .member("kind", kind)
      .member("name", name)
      .member("matched", true)
      .member("text", text)
      .end_object();
}

class Explain {
 public:
  Explain(const ApiContext& context, std::shared_ptr<PublishedData> data,
          std::shared_ptr<GuideCatalog> catalog)
      : context_(context), data_(std::move(data)), catalog_(std::move(catalog)) {}

  Answer answer(Call& call);

 private:
  Outcome<std::vector<queries::ChannelItem>> published(const queries::OpenGeneration& of,
                                                       const Question& question, Call& call);
  Answer published_answer(const queries::OpenGeneration& of, const queries::ChannelItem& item,
                          const std::vector<ExplainedChannel>& ways, const Call& call);
  Answer missing_answer(const std::vector<ExplainedChannel>& found, const Question& question,
                        const Call& call);
  /// A channel, as far as its guide goes.
  struct Guided {
    Uuid proxy{};
    Uuid channel{};
    std::string_view guide_id{};
    std::string_view name{};
  };
  Outcome<void> write_guide(Json& json, const queries::OpenGeneration* of, const Guided& guided,
                            const Call& call);
  Outcome<bool> is_edits_guide(const Guided& guided);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
  std::shared_ptr<GuideCatalog> catalog_;
};

/// The published channels that are meant: by id, or all whose name is this one.
Outcome<std::vector<queries::ChannelItem>> Explain::published(const queries::OpenGeneration& of,
                                                              const Question& question,
                                                              Call& call) {
  std::vector<queries::ChannelItem> found;
  if (question.channel) {
    M3U_TRY(auto item, data_->channels().find(*of.lineup.lineup, *question.channel));
    if (item) found.push_back(*std::move(item));
    return found;
  }
  const queries::ChannelQuery query{.search = question.name};
  const auto matcher = queries::ChannelMatcher::compile(query, nullptr);
  if (!matcher) return found;
  M3U_TRY(auto page,
          data_->channels().page(of.lineup, query, *matcher, {.from = 0, .limit = kMostLooked},
                                 call.gone, call.gone));
  const std::string wanted = folded(question.name);
  for (queries::ChannelItem& item : page.items)
    if (folded(item.name) == wanted && found.size() < kMostCandidates)
      found.push_back(std::move(item));
  return found;
}

/// Whether somebody gave the channel its guide id.
Outcome<bool> Explain::is_edits_guide(const Guided& guided) {
  for (const auto& scope : {std::optional(guided.proxy), std::optional<Uuid>()}) {
    M3U_TRY(const auto edit, context_.store.edits().find(guided.channel, scope));
    if (edit && edit->guide_id) return *edit->guide_id == guided.guide_id;
  }
  return false;
}

Outcome<void> Explain::write_guide(Json& json, const queries::OpenGeneration* of,
                                   const Guided& guided, const Call& call) {
  json.key("guide");
  M3U_TRY(const auto guides, catalog_->of(guided.proxy, kGuidePatience, call.gone));
  M3U_TRY(const auto candidates,
          find_candidates(guides, guided.guide_id, guided.name, kMostGuideCandidates));
  if (guided.guide_id.empty() && candidates.empty()) {
    json.null();
    return {};
  }
  std::vector<snapshots::ProgrammeEntry> some;
  if (of != nullptr && of->programmes && !guided.guide_id.empty())
    M3U_CHECK(of->programmes->between(guided.guide_id, INT64_MIN, INT64_MAX, 1, some));
  std::string_view text = "its programmes are in the guide";
  if (some.empty()) text = "no EPG source has programmes of this guide id";
  if (guided.guide_id.empty()) text = "it has no guide id";
  json.begin_object()
      .member("id", guided.guide_id)
      .member("has_programmes", !some.empty())
      .member("text", text)
      .key("matched_by");
  M3U_TRY(const bool is_edits, is_edits_guide(guided));
  if (some.empty() || (!is_edits && candidates.empty()))
    json.null();
  else
    json.value(is_edits ? std::string_view("edit") : candidates.front().how);
  json.key("candidates").begin_array();
  for (const GuideCandidate& one : candidates)
    json.begin_object()
        .member("id", std::string_view(one.id))
        .member("name", std::string_view(one.name))
        .member("source", std::string_view(one.source))
        .member("how", one.how)
        .end_object();
  json.end_array().member("candidates_are_whole", guides.is_whole).end_object();
  return {};
}

Answer Explain::published_answer(const queries::OpenGeneration& of,
                                 const queries::ChannelItem& item,
                                 const std::vector<ExplainedChannel>& ways, const Call& call) {
  const Role role = call.principal.role;
  const snapshots::Lineup& lineup = *of.lineup.lineup;
  M3U_TRY(const auto touched, lineup.touched(item.row));
  M3U_TRY(const PublishedData::Ids edited, data_->edited(of.lineup.proxy));
  std::string text;
  Json json(text);
  json.begin_object().member("found", "published").member("generation", of.lineup.generation);
  json.key("channel");
  write_channel(json, item, {.edited = std::ranges::binary_search(*edited, item.id)}, role);
  json.key("source").begin_object().member("name", std::string_view(item.source)).end_object();
  json.key("steps").begin_array();
  simple_step(json, "source", item.source, fmt::format("it comes from \"{}\"", item.source));
  if (!ways.empty()) {
    for (const ExplainedStep& step : ways.front().steps) write_step(json, step, role);
  } else {
    for (const std::uint16_t rule : touched.rules)
      if (rule < lineup.rules().size())
        simple_step(json, "rule", lineup.rules()[rule],
                    fmt::format("the rule \"{}\" changed it", lineup.rules()[rule]));
    if (std::ranges::binary_search(*edited, item.id))
      simple_step(json, "edit", "", "somebody edited this channel");
    for (const std::uint16_t filter : touched.filters)
      if (filter < lineup.filters().size())
        simple_step(json, "filter", lineup.filters()[filter],
                    fmt::format("the filter \"{}\" decided on it", lineup.filters()[filter]));
  }
  simple_step(json, "number", item.number,
              item.number.empty() ? "it has no number" : "its number in the output");
  json.end_array();
  M3U_CHECK(write_guide(
      json, &of,
      {.proxy = of.lineup.proxy, .channel = item.id, .guide_id = item.guide_id, .name = item.name},
      call));
  json.end_object();
  return json_answer(std::move(text));
}

Answer Explain::missing_answer(const std::vector<ExplainedChannel>& found, const Question& question,
                               const Call& call) {
  const Role role = call.principal.role;
  std::string text;
  Json json(text);
  json.begin_object();
  if (found.empty()) {
    json.member("found", "not_in_sources").key("channel").null().key("source").null();
    json.key("steps").begin_array();
    simple_step(json, "source", "",
                "none of the proxy's sources has it, as they were fetched last");
    json.end_array().key("guide").null().end_object();
    return json_answer(std::move(text));
  }
  const ExplainedChannel& channel = found.front();
  json.member("found", channel.is_hidden ? std::string_view("hidden")
                       : channel.is_kept ? std::string_view("duplicate")
                                         : std::string_view("filtered"));
  json.key("channel").begin_object();
  id_member(json, "id", channel.id);
  json.member("name", std::string_view(channel.final_name))
      .member("name_in_source", std::string_view(channel.name))
      .member("group_in_source", std::string_view(channel.group))
      .end_object();
  json.key("source")
      .begin_object()
      .member("name", std::string_view(channel.source))
      .end_object()
      .key("steps")
      .begin_array();
  simple_step(json, "source", channel.source, fmt::format("it comes from \"{}\"", channel.source));
  for (const ExplainedStep& step : channel.steps) write_step(json, step, role);
  if (!channel.is_hidden && channel.is_kept)
    simple_step(json, "duplicate", "",
                "nothing keeps it out: it comes with the next generation, or another channel took "
                "its place");
  json.end_array();
  const auto generation = data_->current(question.proxy);
  M3U_CHECK(write_guide(json, generation ? generation->get() : nullptr,
                        {.proxy = question.proxy,
                         .channel = channel.id,
                         .guide_id = channel.guide_id,
                         .name = channel.final_name},
                        call));
  if (found.size() > 1) {
    json.key("candidates").begin_array();
    for (const ExplainedChannel& one : found) {
      json.begin_object();
      id_member(json, "id", one.id);
      json.member("name", std::string_view(one.name))
          .member("group", std::string_view(one.group))
          .member("source", std::string_view(one.source))
          .end_object();
    }
    json.end_array();
  }
  json.end_object();
  return json_answer(std::move(text));
}

Answer Explain::answer(Call& call) {
  M3U_TRY(const Question question, question_of(call.request));
  M3U_TRY(const bool whole, query_flag(call.request, "whole"));
  auto generation = data_->current(question.proxy);
  if (!generation && generation.error().status != 503)
    return std::unexpected<Problem>(std::move(generation).error());
  std::vector<queries::ChannelItem> items;
  if (generation) {
    M3U_TRY(items, published(**generation, question, call));
  }
  if (items.size() == 1) {
    std::vector<ExplainedChannel> ways;
    if (whole) {
      M3U_TRY(ways, explain_from_sources(context_, question.proxy, {.id = items.front().id}, 1,
                                         call.gone));
    }
    return published_answer(**generation, items.front(), ways, call);
  }
  if (!items.empty()) {
    std::string text;
    Json json(text);
    json.begin_object().member("found", "published").key("channel").null().key("source").null();
    json.key("steps").begin_array().end_array().key("guide").null().key("candidates").begin_array();
    for (const queries::ChannelItem& item : items)
      write_channel(json, item, {}, call.principal.role);
    json.end_array().end_object();
    return json_answer(std::move(text));
  }
  generation::ExplainedSubject subject{.id = question.channel,
                                       .folded_name = folded(question.name)};
  M3U_TRY(const auto found,
          explain_from_sources(context_, question.proxy, subject, kMostCandidates, call.gone));
  return missing_answer(found, question, call);
}

}  // namespace

Result<> add_explain_routes(Operations& operations, const ApiContext& context,
                            const std::shared_ptr<PublishedData>& data,
                            const std::shared_ptr<GuideCatalog>& catalog) {
  const auto explain = std::make_shared<Explain>(context, data, catalog);
  return operations.add(http::Method::kGet, "/proxies/{id}/explain",
                        {.id = "explainChannel", .pace = Pace::kScan},
                        [explain](Call& call) { return explain->answer(call); });
}

}  // namespace m3u_proxy::api
