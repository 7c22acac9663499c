#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include <m3u_proxy/memory/prediction.hpp>

namespace m3u_proxy::memory {
namespace {

/// Weight of the newest run in a moving average.
constexpr double kNewest = 0.5;
/// Without history, roughly: batches, buffers and tables of any run, then what a byte of a playlist
/// takes while it waits between the passes, plain and as LZ4 blocks, and how many bytes an entry
/// has.
constexpr double kWorkingMb = 12;
constexpr double kPlainOfByte = 1.2;
constexpr double kCompressedOfByte = 0.45;
constexpr double kBytesOfEntry = 220;

class MovingAverage {
 public:
  void add(double value) {
    average_ = count_ == 0 ? value : average_ + (value - average_) * kNewest;
    most_ = count_ == 0 ? value : std::max(most_, value);
    ++count_;
  }
  [[nodiscard]] double average() const { return average_; }
  [[nodiscard]] double most() const { return most_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  double average_ = 0;
  double most_ = 0;
  std::size_t count_ = 0;
};

double growth(const RunRecord& run, double peak_mb) {
  return std::max(peak_mb - run.fixed_mb, 0.0);
}

double per(double value, std::uint64_t units) {
  return units == 0 ? value : value / static_cast<double>(units);
}

std::uint64_t expected_channels(const RunHistory& history, const RunSize& size) {
  MovingAverage of_byte;
  for (const RunRecord& run : history.runs())
    if (run.size.source_bytes != 0)
      of_byte.add(per(static_cast<double>(run.channels), run.size.source_bytes));
  const auto bytes = static_cast<double>(size.source_bytes);
  if (size.source_bytes != 0 && !of_byte.empty())
    return static_cast<std::uint64_t>(std::llround(bytes * of_byte.average()));
  if (!history.runs().empty()) return history.runs().back().channels;
  return static_cast<std::uint64_t>(bytes / kBytesOfEntry);
}

/// What stages grew by, per channel (of the guide's stage: per byte of it where that is known).
double units_of(const StagePeak& stage, const RunSize& size, std::uint64_t channels) {
  if (!stage.of_guide) return static_cast<double>(channels);
  return size.guide_bytes != 0 ? static_cast<double>(size.guide_bytes) : 1.0;
}

double growth_of_unit(const RunRecord& run, const StagePeak& stage) {
  return growth(run, stage.peak_mb) / std::max(units_of(stage, run.size, run.channels), 1.0);
}

bool same_conditions(const RunRecord& run, double limit_mb) {
  return std::abs(run.limit_mb - limit_mb) < 1;
}

/// The stages of the newest of `runs`, each with its average over all of them at the new size.
std::vector<StagePeak> expected_stages(std::span<const RunRecord* const> runs, const RunSize& size,
                                       std::uint64_t channels, double fixed_mb) {
  std::vector<StagePeak> out;
  if (runs.empty()) return out;
  for (const StagePeak& stage : runs.back()->stages) {
    MovingAverage of_unit;
    for (const RunRecord* run : runs) {
      const auto same = std::ranges::find(run->stages, stage.stage, &StagePeak::stage);
      // A guide whose size was not known cannot be scaled by it.
      if (same == run->stages.end() ||
          (stage.of_guide && (run->size.guide_bytes == 0) != (size.guide_bytes == 0)))
        continue;
      of_unit.add(growth_of_unit(*run, *same));
    }
    StagePeak expected = stage;
    if (!of_unit.empty())
      expected.peak_mb = fixed_mb + of_unit.average() * units_of(stage, size, channels);
    out.push_back(std::move(expected));
  }
  return out;
}

/// The most that runs of one kind of storage would need for so many channels.
double most_needed(const RunHistory& history, StorageLevel storage, std::uint64_t channels,
                   double fixed_mb, double without_history) {
  MovingAverage of_channel;
  for (const RunRecord& run : history.runs()) {
    if (run.storage != storage) continue;
    double peak_mb = 0;
    for (const StagePeak& stage : run.stages)
      if (!stage.of_guide) peak_mb = std::max(peak_mb, stage.peak_mb);
    of_channel.add(per(growth(run, peak_mb), run.channels));
  }
  if (of_channel.empty()) return without_history;
  return fixed_mb + of_channel.most() * static_cast<double>(channels);
}

std::vector<const RunRecord*> comparable_runs(const RunHistory& history, double limit_mb) {
  std::vector<const RunRecord*> runs;
  for (const RunRecord& run : history.runs())
    if (same_conditions(run, limit_mb)) runs.push_back(&run);
  return runs;
}

}  // namespace

void RunHistory::add(RunRecord run) {
  if (runs_.size() == kMaxRuns) runs_.erase(runs_.begin());
  runs_.push_back(std::move(run));
}

Prediction predict(const RunHistory& history, const RunSize& size, Bytes fixed,
                   std::optional<Bytes> limit) {
  const double limit_mb = limit ? limit->mb() : 0;
  Prediction out;
  out.channels = expected_channels(history, size);
  out.runs = history.runs().size();

  const double source_mb = size.source_bytes != 0
                               ? Bytes{size.source_bytes}.mb()
                               : static_cast<double>(out.channels) * kBytesOfEntry / 1048576.0;
  out.plain_mb = most_needed(history, StorageLevel::kMemory, out.channels, fixed.mb(),
                             fixed.mb() + kWorkingMb + source_mb * kPlainOfByte);
  out.compressed_mb = most_needed(history, StorageLevel::kCompressed, out.channels, fixed.mb(),
                                  fixed.mb() + kWorkingMb + source_mb * kCompressedOfByte);
  out.compressed_mb = std::min(out.compressed_mb, out.plain_mb);

  out.stages = expected_stages(comparable_runs(history, limit_mb), size, out.channels, fixed.mb());
  for (const StagePeak& stage : out.stages) out.peak_mb = std::max(out.peak_mb, stage.peak_mb);
  // Under another limit than ever before, by how this one makes the run begin.
  if (out.stages.empty())
    out.peak_mb = starting_point(out, limit).pressure == MemoryPressureLevel::kOptimal
                      ? out.plain_mb
                      : out.compressed_mb;
  if (limit) {
    out.peak_mb = std::min(out.peak_mb, limit_mb);
    for (StagePeak& stage : out.stages) stage.peak_mb = std::min(stage.peak_mb, limit_mb);
  }
  return out;
}

StartingPoint starting_point(const Prediction& prediction, std::optional<Bytes> limit) {
  if (!limit) return {.why = "no memory limit"};
  const auto bytes = [](double mb) {
    return Bytes{static_cast<std::uint64_t>(std::max(mb, 0.0) * 1048576.0)};
  };
  const MemoryPressureLevel plain = pressure_level(bytes(prediction.plain_mb), *limit);
  const MemoryPressureLevel compressed = pressure_level(bytes(prediction.compressed_mb), *limit);
  const auto why = [&](std::string_view form, double mb) {
    return fmt::format("{} channels are expected to need {:.1f}MB {}, the limit is {:.1f}MB",
                       prediction.channels, mb, form, limit->mb());
  };
  if (plain == MemoryPressureLevel::kOptimal)
    return {.pressure = MemoryPressureLevel::kOptimal, .why = why("plain", prediction.plain_mb)};
  if (compressed <= MemoryPressureLevel::kModerate)
    return {.pressure = MemoryPressureLevel::kModerate,
            .why = why("compressed", prediction.compressed_mb)};
  return {.pressure = std::min(compressed, MemoryPressureLevel::kCritical),
          .why = why("even compressed", prediction.compressed_mb)};
}

}  // namespace m3u_proxy::memory
