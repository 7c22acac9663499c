#include <fstream>

#include <nlohmann/json.hpp>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/plugin_host/file_time.hpp>
#include <m3u_proxy/plugin_host/quarantine.hpp>

namespace m3u_proxy::plugin_host {

using Json = nlohmann::json;

std::filesystem::path quarantine_file(const CompileOptions& options) {
  const std::filesystem::path folder = cache_folder(options);
  return folder.empty() ? folder : folder / "quarantine.json";
}

Quarantine::Quarantine(std::filesystem::path file, std::uint32_t max_failures)
    : file_(std::move(file)), max_failures_(max_failures) {
  if (!file_.empty()) read();
}

void Quarantine::refresh() {
  if (!file_.empty() && time_of(file_) != time_) read();
}

void Quarantine::read() {
  time_ = time_of(file_);
  records_.clear();
  std::ifstream in(file_);
  const Json all = Json::parse(in, nullptr, false);
  if (!all.is_object()) return;
  for (const auto& [name, entry] : all.items()) {
    if (!entry.is_object()) continue;
    const auto text = [&entry](const char* key) {
      const auto found = entry.find(key);
      return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto failures = entry.find("failures");
    if (failures == entry.end() || !failures->is_number_unsigned()) continue;
    records_[name] = {.content_key = text("content"),
                      .failures = failures->get<std::uint64_t>(),
                      .reason = text("reason")};
  }
}

const Quarantine::Record* Quarantine::find(const std::string& name,
                                           std::string_view content_key) const {
  const auto found = records_.find(name);
  if (max_failures_ == 0 || found == records_.end()) return nullptr;
  const Record& record = found->second;
  const bool is_out = record.content_key == content_key && record.failures >= max_failures_;
  return is_out ? &record : nullptr;
}

Result<> Quarantine::note(const std::string& name, std::string_view content_key,
                          std::uint64_t failures, const std::string& reason) {
  if (failures == 0) {
    const auto cleared = clear(name);
    return cleared ? Result<>() : fail(cleared.error());
  }
  Record& record = records_[name];
  if (record.content_key != content_key) record = {.content_key = std::string(content_key)};
  record.failures += failures;
  record.reason = reason;
  return write();
}

Result<bool> Quarantine::clear(const std::string& name) {
  if (records_.erase(name) == 0) return false;
  M3U_CHECK(write());
  return true;
}

Result<> Quarantine::write() {
  if (file_.empty()) return {};
  Json all = Json::object();
  for (const auto& [name, record] : records_)
    all[name] = {
        {"content", record.content_key}, {"failures", record.failures}, {"reason", record.reason}};
  M3U_TRY(const auto file, io::AtomicFile::create(file_));
  M3U_CHECK(file->write(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  M3U_CHECK(file->sync());
  M3U_CHECK(file->publish());
  time_ = time_of(file_);
  return {};
}

}  // namespace m3u_proxy::plugin_host
