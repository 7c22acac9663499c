#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include <nlohmann/json.hpp>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/plugin_host/host_services.hpp>

namespace m3u_proxy::plugin_host {
namespace {

constexpr std::size_t kMaxLogLine = 4096;
constexpr std::uint64_t kMaxLogLines = 1000;  // in one generation
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxMetrics = 64;
constexpr std::size_t kMaxTempFiles = 128;    // each costs a descriptor
constexpr std::size_t kPiece = mib(1).count;  // written or read between two looks at the clock
constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::uint64_t kSeed = 0x6D33'7570'726F'7879;  // fixed: runs repeat

bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
}

HostResult result_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kDiskFull:
      return HostResult::kDiskFull;
    case ErrorCode::kInvalidArgument:
      return HostResult::kDenied;
    default:
      return HostResult::kIo;
  }
}

/// The first kMaxLogLine bytes, without a character that would be cut in two.
std::string_view cut_text(std::string_view text) {
  constexpr std::size_t kMaxCharacter = 4;
  if (text.size() <= kMaxLogLine) return text;
  std::size_t size = kMaxLogLine;
  while (size > kMaxLogLine - kMaxCharacter && (static_cast<unsigned char>(text[size]) >> 6U) == 2)
    --size;
  return text.substr(0, size);
}

/// What a plugin writes is shown as one line, whatever is in it.
std::string one_line(std::string_view text) {
  std::string line(cut_text(text));
  if (!is_valid_utf8(line))
    for (char& c : line)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  blank_controls(line);
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

HostServices::HostServices(Options options) : options_(std::move(options)), numbers_(kSeed) {
  if (options_.temp_quota == nullptr)
    options_.temp_quota = std::make_shared<memory::Budget>(mib(1024));
  temp_ = options_.temp_quota->reserve(memory::Tag::kPlugin, {}).value_or(memory::Reservation());
  const auto config = nlohmann::json::parse(options_.config_json, nullptr, false);
  if (!config.is_object()) return;
  for (const auto& [key, value] : config.items())
    config_[key] = value.is_string() ? value.get<std::string>() : value.dump();
}

HostServices::~HostServices() = default;

void HostServices::log(std::int32_t level, std::string_view text) {
  const std::string line = one_line(text);
  if (level <= 0) error_ = line;
  if (!allows(plugins::Permission::kLog) || log_lines_ > kMaxLogLines) return;
  if (++log_lines_ > kMaxLogLines) {
    log::warn("plugins", "{} logs too much: the rest of this generation is left out",
              options_.plugin);
    return;
  }
  constexpr std::array kLevels = {log::Level::kError, log::Level::kWarn, log::Level::kInfo,
                                  log::Level::kDebug};
  const auto index = static_cast<std::size_t>(std::clamp(level, 0, 3));
  log::at(kLevels[index], "plugins", "{}: {}", options_.plugin, line);
}

std::uint64_t HostServices::memory_usage() const {
  return options_.budget == nullptr ? 0 : options_.budget->used().count;
}

memory::MemoryPressureLevel HostServices::memory_pressure() const {
  return options_.pressure ? options_.pressure() : memory::MemoryPressureLevel::kOptimal;
}

void HostServices::request_cleanup() const {
  if (options_.request_cleanup) options_.request_cleanup();
}

HostResult HostServices::temp_write(std::string_view name, std::string_view data) {
  return write(name, data, true);
}

HostResult HostServices::temp_append(std::string_view name, std::string_view data) {
  return write(name, data, false);
}

HostResult HostServices::write(std::string_view name, std::string_view data, bool from_start) {
  if (!is_good_name(name)) return HostResult::kInvalid;
  if (options_.spill == nullptr) return HostResult::kDenied;
  const auto found = files_.find(name);
  const Bytes replaced{from_start && found != files_.end() ? found->second->size() : 0};
  if (!temp_.resize(temp_.size() - replaced + Bytes{data.size()})) return HostResult::kQuota;
  const HostResult result = write_file(name, data, from_start);
  if (result != HostResult::kOk) (void)temp_.resize(files_size());  // what was not written
  return result;
}

HostResult HostServices::write_file(std::string_view name, std::string_view data, bool from_start) {
  auto found = files_.find(name);
  if (found == files_.end()) {
    if (files_.size() >= kMaxTempFiles) return HostResult::kQuota;
    auto made = options_.spill->create_file();
    if (!made) return result_of(made.error());
    found = files_.emplace(std::string(name), *std::move(made)).first;
  } else if (from_start) {
    const auto cleared = found->second->clear();
    if (!cleared) return result_of(cleared.error());
  }
  return write_pieces(*found->second, data);
}

Bytes HostServices::files_size() const {
  Bytes size;
  for (const auto& [name, file] : files_) size += Bytes{file->size()};
  return size;
}

HostResult HostServices::write_pieces(io::TempFile& file, std::string_view data) {
  for (; !data.empty(); data.remove_prefix(std::min(kPiece, data.size()))) {
    if (is_late()) return HostResult::kIo;
    const auto written = file.write(data.substr(0, kPiece));
    if (!written) return result_of(written.error());
  }
  return HostResult::kOk;
}

std::int32_t HostServices::temp_read(std::string_view name, std::int64_t offset,
                                     std::span<std::uint8_t> out) {
  if (!is_good_name(name) || offset < 0) return static_cast<std::int32_t>(HostResult::kInvalid);
  const auto found = files_.find(name);
  if (found == files_.end()) return static_cast<std::int32_t>(HostResult::kNotFound);
  std::size_t size = 0;
  while (size < out.size()) {
    if (is_late()) return static_cast<std::int32_t>(HostResult::kIo);
    const std::size_t wanted = std::min(kPiece, out.size() - size);
    const auto read = found->second->read_at(static_cast<std::uint64_t>(offset) + size,
                                             {reinterpret_cast<char*>(out.data() + size), wanted});
    if (!read) return static_cast<std::int32_t>(HostResult::kIo);
    size += *read;
    if (*read < wanted) break;
  }
  return static_cast<std::int32_t>(size);
}

HostResult HostServices::temp_delete(std::string_view name) {
  if (!is_good_name(name)) return HostResult::kInvalid;
  const auto found = files_.find(name);
  if (found == files_.end()) return HostResult::kNotFound;
  files_.erase(found);
  (void)temp_.resize(files_size());  // smaller
  return HostResult::kOk;
}

void HostServices::drop_temp_files() {
  files_.clear();
  (void)temp_.resize({});
}

void HostServices::record_metric(std::string_view name, double value) {
  if (!is_good_name(name) || !std::isfinite(value)) return;
  const auto found = metrics_.find(name);
  if (found != metrics_.end())
    found->second = value;
  else if (metrics_.size() < kMaxMetrics)
    metrics_.emplace(name, value);
}

std::int32_t HostServices::get_config(std::string_view key, std::span<std::uint8_t> out) {
  const auto found = config_.find(key);
  if (found == config_.end()) return static_cast<std::int32_t>(HostResult::kNotFound);
  const std::string& value = found->second;
  if (const std::size_t size = std::min(value.size(), out.size()); size != 0)
    std::memcpy(out.data(), value.data(), size);
  return static_cast<std::int32_t>(value.size());
}

std::int64_t HostServices::clock() const {
  if (!allows(plugins::Permission::kClock)) return options_.now * kNanoseconds;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void HostServices::random(std::span<std::uint8_t> out) {
  if (allows(plugins::Permission::kRandom)) {
    std::random_device device;
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(device());
    return;
  }
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(numbers_());
}

void HostServices::print(std::string_view text) {
  for (const char c : text) {
    if (c != '\n' && line_.size() < kMaxLogLine) {
      line_ += c;
      continue;
    }
    log(2, line_);
    line_.clear();
    if (c != '\n') line_ += c;
  }
}

std::string HostServices::take_error() { return std::exchange(error_, {}); }

void HostServices::begin_run(std::int64_t now, spill::SpillSpace* spill) {
  drop_temp_files();
  options_.now = now;
  options_.spill = spill;
  metrics_.clear();
  error_.clear();
  log_lines_ = 0;
  line_.clear();
  numbers_.seed(kSeed);
}

}  // namespace m3u_proxy::plugin_host
