#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/jobs/edit_files.hpp>
#include <m3u_proxy/records/stored_edits.hpp>
#include <m3u_proxy/snapshots/edit_file.hpp>

namespace m3u_proxy::jobs {
namespace {

/// What only the same edit has.
void add_text(const store::ChannelEdit& edit, std::string& out) {
  out.append(reinterpret_cast<const char*>(edit.channel.bytes.data()), edit.channel.bytes.size());
  for (const auto* const text :
       {&edit.number, &edit.name, &edit.group, &edit.logo, &edit.guide_id}) {
    out += *text ? fmt::format("{}:", (*text)->size()) : "-";
    out += text->value_or("");
  }
  out += edit.hidden ? (*edit.hidden ? "h" : "v") : "-";
  out += fmt::format("{}{}", static_cast<int>(edit.place), to_string(edit.place_channel));
}

std::string text_of(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

std::string prefix_of(const Uuid& proxy) { return to_base64url(proxy) + "."; }

}  // namespace

/// Hashes of all edits, of which one is in memory at a time.
class EditFiles::Hashes {
 public:
  void add(const store::ChannelEdit& edit) {
    text_.clear();
    add_text(edit, text_);
    std::uint64_t& hash = edit.proxy ? of_proxy_[*edit.proxy] : of_all_;
    hash = XXH3_64bits_withSeed(text_.data(), text_.size(), hash + 1);
  }
  [[nodiscard]] std::string of_all() const { return of_all_ == 0 ? "" : text_of(of_all_); }
  [[nodiscard]] std::map<Uuid, std::string> of_proxy() const {
    std::map<Uuid, std::string> out;
    for (const auto& [proxy, hash] : of_proxy_) out.emplace(proxy, text_of(hash));
    return out;
  }

 private:
  std::string text_;
  std::uint64_t of_all_ = 0;
  std::map<Uuid, std::uint64_t> of_proxy_;
};

void EditFiles::forget() {
  const std::scoped_lock lock(mutex_);
  known_ = false;
  ++changes_;
}

Result<std::string> EditFiles::hash_of(const Uuid& proxy) {
  std::uint64_t changes = 0;
  {
    const std::scoped_lock lock(mutex_);
    changes = changes_;
    if (known_) return known_hash_of(proxy);
  }
  Hashes hashes;
  M3U_CHECK(store_.edits().for_each([&](const store::ChannelEdit& edit) -> Result<> {
    hashes.add(edit);
    return {};
  }));
  const std::scoped_lock lock(mutex_);
  of_all_ = hashes.of_all();
  of_proxy_ = hashes.of_proxy();
  known_ = changes_ == changes;
  return known_hash_of(proxy);
}

std::string EditFiles::known_hash_of(const Uuid& proxy) const {
  const auto own = of_proxy_.find(proxy);
  return of_all_ + (own == of_proxy_.end() ? std::string() : "." + own->second);
}

/// Of one channel the edit for all proxies comes first; what is said for this one holds against it.
Result<> EditFiles::make(const Uuid& proxy, const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  M3U_TRY(const auto file, io::AtomicFile::create(path));
  snapshots::EditFileWriter writer(*file, budget_);
  std::optional<edits::ChannelEdit> next;
  const auto write = [&](const store::ChannelEdit& stored) -> Result<> {
    if (stored.proxy && *stored.proxy != proxy) return {};
    edits::ChannelEdit edit = records::to_edit(stored);
    if (next && next->channel == edit.channel) {
      merge(*next, edit);
      return {};
    }
    if (next) M3U_CHECK(writer.add(*next));
    next = std::move(edit);
    return {};
  };
  M3U_CHECK(store_.edits().for_each(write));
  if (next) M3U_CHECK(writer.add(*next));
  M3U_CHECK(writer.finish());
  return file->publish();
}

void EditFiles::delete_others(const Uuid& proxy, const std::filesystem::path& kept) const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error))
    if (entry.path() != kept && entry.path().filename().string().starts_with(prefix_of(proxy)))
      std::filesystem::remove(entry.path(), error);
}

Result<std::shared_ptr<const edits::ChannelEdits>> EditFiles::open(const Uuid& proxy) {
  M3U_TRY(const std::string hash, hash_of(proxy));
  if (hash.empty()) return nullptr;
  const std::filesystem::path path = folder_ / (prefix_of(proxy) + hash);
  const auto open_file = [&]() -> Result<std::shared_ptr<const edits::ChannelEdits>> {
    io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return fail(system_error("cannot read " + path.string(), errno));
    M3U_TRY(auto edits, snapshots::EditFile::open(std::move(file), path.string(), budget_));
    return edits;
  };
  auto found = open_file();
  if (found || ends_the_job(found.error())) return found;
  if (found.error().code != ErrorCode::kNotFound)
    log::warn("jobs.generate", "made again: {}", to_string(found.error()));
  M3U_CHECK(make(proxy, path));
  delete_others(proxy, path);
  return open_file();
}

Result<> EditFiles::delete_removed(const Model& model) const {
  std::error_code error;
  if (!std::filesystem::exists(folder_, error)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    const auto proxy = parse_uuid(name.substr(0, name.find('.')));
    if (proxy && model.find_proxy(*proxy) != nullptr) continue;
    std::filesystem::remove(entry.path(), error);
  }
  if (error) return fail(system_error("cannot clean " + folder_.string(), error.value()));
  return {};
}

}  // namespace m3u_proxy::jobs
