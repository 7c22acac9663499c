#include <algorithm>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>

namespace m3u_proxy::memory {
namespace {

/// Version 1 says "no limit" by a number near 2^63.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60U;

std::optional<std::uint64_t> leading_number(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

/// The figure of a line such as `MemTotal:  16384 kB` in /proc/meminfo.
std::optional<Bytes> figure_of(std::string_view line, std::string_view label) {
  if (!line.starts_with(label)) return std::nullopt;
  const auto kilobytes = leading_number(line.substr(label.size()));
  return kilobytes ? std::optional(kib(*kilobytes)) : std::nullopt;
}

void read_machine(const std::filesystem::path& root, MemoryReadings& out) {
  std::ifstream file(root / "proc/meminfo");
  std::string line;
  while (std::getline(file, line)) {
    if (const auto all = figure_of(line, "MemTotal:")) out.machine = all;
    if (const auto available = figure_of(line, "MemAvailable:")) out.available = available;
  }
}

/// Lines read `some avg10=1.53 avg60=…` (Documentation/accounting/psi.rst of the kernel).
std::optional<MemoryStalls> read_stalls(const std::filesystem::path& root) {
  constexpr std::string_view kAverage = " avg10=";
  std::optional<MemoryStalls> stalls;
  std::ifstream file(root / "proc/pressure/memory");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t at = line.find(kAverage);
    if (at == std::string::npos) continue;
    double percent = 0;
    const char* begin = line.data() + at + kAverage.size();
    if (std::from_chars(begin, line.data() + line.size(), percent).ec != std::errc{}) continue;
    if (!stalls) stalls.emplace();
    if (line.starts_with("some")) stalls->some = percent;
    if (line.starts_with("full")) stalls->full = percent;
  }
  return stalls;
}

std::optional<Bytes> limit_in(const std::filesystem::path& file_path) {
  std::ifstream file(file_path);
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const auto value = leading_number(text);  // "max" is not a number
  if (!value || *value == 0 || *value >= kNoLimit) return std::nullopt;
  return Bytes{*value};
}

std::optional<Bytes> smaller(std::optional<Bytes> a, std::optional<Bytes> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// The smallest limit from `group` up to the root of its hierarchy.
std::optional<Bytes> hierarchy_limit(const std::filesystem::path& mount, std::string_view group,
                                     std::string_view file) {
  std::optional<Bytes> limit = limit_in(mount / file);
  std::filesystem::path folder = mount;
  for (const auto& part : std::filesystem::path(group).relative_path()) {
    folder /= part;
    limit = smaller(limit, limit_in(folder / file));
  }
  return limit;
}

bool lists_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

/// Lines of /proc/self/cgroup read `hierarchy:controllers:path` (cgroups(7)); version 2 has no
/// controllers there.
std::optional<Bytes> cgroup_limit(const std::filesystem::path& root) {
  std::optional<Bytes> limit;
  std::ifstream file(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const std::string_view group = std::string_view(line).substr(second + 1);
    if (controllers.empty())
      limit = smaller(limit, hierarchy_limit(root / "sys/fs/cgroup", group, "memory.max"));
    else if (lists_memory(controllers))
      limit = smaller(
          limit, hierarchy_limit(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
  }
  return limit;
}

std::optional<Bytes> memory_there_is(const MemoryReadings& readings) {
  return smaller(readings.machine, readings.cgroup_limit);
}

}  // namespace

MemoryReadings read_memory(const std::filesystem::path& root) {
  MemoryReadings readings;
  read_machine(root, readings);
  readings.cgroup_limit = cgroup_limit(root);
  readings.stalls = read_stalls(root);
  return readings;
}

Bytes threshold_for_system(const MemoryReadings& readings) {
  const Bytes memory = memory_there_is(readings).value_or(Bytes{});
  if (memory >= mib(16384)) return mib(2048);
  if (memory >= mib(8192)) return mib(1024);
  return mib(512);
}

MemoryThresholds calculate_optimal_thresholds(const MemoryReadings& readings) {
  const double memory_mb = memory_there_is(readings).value_or(Bytes{}).mb();
  return {.optimal_mb = memory_mb / 8,
          .moderate_mb = memory_mb / 4,
          .high_mb = memory_mb / 2,
          .critical_mb = memory_mb * 3 / 4};
}

ChosenLimit capped_limit(Bytes wanted, const MemoryReadings& readings) {
  if (!readings.cgroup_limit) return {.limit = wanted, .why = {}};
  const Bytes most = *readings.cgroup_limit / 8 * 7;
  if (wanted <= most) return {.limit = wanted, .why = {}};
  return {.limit = most,
          .why = fmt::format("memory limit lowered from {:.0f} MB to {:.0f} MB: 7/8 of the control "
                             "group's {:.0f} MB",
                             wanted.mb(), most.mb(), readings.cgroup_limit->mb())};
}

ChosenLimit automatic_limit(const MemoryReadings& readings) {
  return capped_limit(threshold_for_system(readings), readings);
}

}  // namespace m3u_proxy::memory
