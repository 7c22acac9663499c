#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::generation {
namespace {

using Json = nlohmann::ordered_json;
using memory::RunHistory;
using memory::RunRecord;
using memory::StorageLevel;

constexpr int kVersion = 1;
/// Twenty runs take some ten KB; a larger file is not ours.
constexpr std::size_t kLargestFile = std::size_t{1} << 20U;
constexpr std::string_view kGuideStage = "EPG Generation";

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json to_document(const RunRecord& run) {
  Json stages = Json::array();
  for (const memory::StagePeak& stage : run.stages)
    stages.push_back({{"stage", stage.stage}, {"peak_mb", rounded(stage.peak_mb)}});
  Json out = {{"finished", run.finished},
              {"source_bytes", run.size.source_bytes},
              {"guide_bytes", run.size.guide_bytes},
              {"channels", run.channels},
              {"limit_mb", rounded(run.limit_mb)},
              {"fixed_mb", rounded(run.fixed_mb)},
              {"peak_mb", rounded(run.peak_mb)},
              {"strategy", memory::to_string(run.storage)},
              {"stages", std::move(stages)}};
  if (run.guide_programmes) out["guide_programmes"] = *run.guide_programmes;
  return out;
}

double megabytes(const Json& object, const char* key) {
  const double value = object.at(key).get<double>();
  const bool possible = value >= 0 && value < 1e9;
  if (!possible) throw std::out_of_range(fmt::format("{} is not a size", key));
  return value;
}

StorageLevel storage_of(std::string_view word) {
  const auto found = std::ranges::find(memory::kStorageLevels, word,
                                       [](StorageLevel level) { return memory::to_string(level); });
  if (found == memory::kStorageLevels.end()) throw std::out_of_range("there is no such strategy");
  return *found;
}

RunRecord from_document(const Json& object) {
  RunRecord run{.finished = object.at("finished").get<std::int64_t>(),
                .size = {.source_bytes = object.at("source_bytes").get<std::uint64_t>(),
                         .guide_bytes = object.at("guide_bytes").get<std::uint64_t>()},
                .channels = object.at("channels").get<std::uint64_t>(),
                .limit_mb = megabytes(object, "limit_mb"),
                .fixed_mb = megabytes(object, "fixed_mb"),
                .peak_mb = megabytes(object, "peak_mb"),
                .storage = storage_of(object.at("strategy").get<std::string>())};
  if (object.contains("guide_programmes"))
    run.guide_programmes = object.at("guide_programmes").get<std::uint64_t>();
  for (const Json& stage : object.at("stages")) {
    auto name = stage.at("stage").get<std::string>();
    const bool of_guide = name == kGuideStage;
    run.stages.push_back(
        {.stage = std::move(name), .peak_mb = megabytes(stage, "peak_mb"), .of_guide = of_guide});
  }
  return run;
}

}  // namespace

std::filesystem::path HistoryFiles::path_of(std::string_view proxy) const {
  return folder_ / fmt::format(".{}.history.json", proxy);
}

std::string to_json(const RunHistory& history) {
  Json runs = Json::array();
  for (const RunRecord& run : history.runs()) runs.push_back(to_document(run));
  return Json{{"version", kVersion}, {"runs", std::move(runs)}}.dump(1) + '\n';
}

Result<RunHistory> parse_history(std::string_view text) {
  RunHistory history;
  try {
    const Json document = Json::parse(text);
    if (document.at("version").get<int>() != kVersion)
      return fail(ErrorCode::kParse, "it is of another version");
    for (const Json& run : document.at("runs")) history.add(from_document(run));
  } catch (const std::exception& broken) {
    return fail(ErrorCode::kParse, broken.what());
  }
  return history;
}

RunHistory HistoryFiles::read(std::string_view proxy) {
  const std::filesystem::path path = path_of(proxy);
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);
  // One that is too large is cut, and then it is no document any more.
  std::string text(unknown ? 0 : std::min<std::uintmax_t>(size, kLargestFile), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  auto history = parse_history(text);
  if (history) return *std::move(history);
  log::warn("memory.prediction", "{} is damaged and is started anew: {}", path.string(),
            history.error().message);
  return {};
}

Result<> HistoryFiles::write(std::string_view proxy, const RunHistory& history) {
  const std::filesystem::path path = path_of(proxy);
  const auto temporary = path.parent_path() / io::make_temporary_name(io::TemporaryKind::kFile);
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << to_json(history);
  file.close();
  std::error_code error = file ? std::error_code() : std::make_error_code(std::errc::io_error);
  if (!error) std::filesystem::rename(temporary, path, error);
  if (!error) return {};
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  return fail(system_error("cannot write " + path.string(), error.value()));
}

std::optional<std::uint64_t> last_guide_programmes(const RunHistory& history) {
  return history.runs().empty() ? std::nullopt : history.runs().back().guide_programmes;
}

RunRecord record_of_run(const GenerationStats& stats, const memory::RunSize& size, std::int64_t now,
                        const RunHistory& before) {
  RunRecord run{
      .finished = now,
      .size = size,
      .channels = stats.channels,
      .limit_mb = stats.budget.limit_mb,
      .fixed_mb = stats.memory.fixed_mb,
      .peak_mb = stats.peak_memory_usage_mb,
      .guide_programmes = stats.guide_written ? stats.programmes : last_guide_programmes(before)};
  for (const StageStats& stage : stats.stages) {
    run.stages.push_back({.stage = stage.name,
                          .peak_mb = stage.peak_memory_mb,
                          .of_guide = stage.name == kGuideStage});
    for (const StorageLevel level : memory::kStorageLevels)
      if (stage.name != kGuideStage && stage.strategy == memory::to_string(level))
        run.storage = std::max(run.storage, level);
  }
  return run;
}

}  // namespace m3u_proxy::generation
