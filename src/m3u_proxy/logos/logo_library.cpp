#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/hash_text.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/logos/logo_limits.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::logos {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 200;
constexpr std::string_view kShared = "logos/";
/// What is shared is there before its row is.
constexpr std::chrono::seconds kUploadMayTake = std::chrono::hours(1);

std::string key_of(const Uuid& id) { return std::string(kShared) + to_string(id); }

/// Of a name of ours.
std::optional<Uuid> id_of(std::string_view name) {
  const auto id = parse_uuid(name);
  if (!id || to_string(*id) != name) return std::nullopt;
  return *id;
}

/// Whose files are in a folder, which need not be there.
Result<std::vector<Uuid>> ids_in(const fs::path& folder) {
  std::vector<Uuid> ids;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (const auto id = id_of(entry->path().filename().string())) ids.push_back(*id);
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(system_error("cannot read the folder " + folder.string(), error.value()));
  return ids;
}

/// Of what others put into a shared place no more is taken than a logo may have.
class LogoBytes final : public io::ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    if (text_.size() + bytes.size() > kLargestLogo)
      return fail(ErrorCode::kParse, "what is shared is too large for a logo");
    text_ += bytes;
    return {};
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

bool LogoLibrary::is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && is_valid_utf8(text) && is_one_line(text);
}

Result<store::Logo> LogoLibrary::add(std::string_view name, std::string_view bytes,
                                     store::Time now) {
  if (!is_name(name))
    return fail(ErrorCode::kInvalidArgument, "a logo's name is a line of 1 to 200 bytes");
  const std::string_view type = picture_type(bytes);
  if (type.empty() || bytes.size() > kLargestLogo)
    return fail(ErrorCode::kInvalidArgument, "this is no picture of at most 1 MB",
                "PNG, JPEG, GIF, WebP, AVIF, BMP, ICO and SVG are pictures");
  M3U_TRY(const auto all, list());
  if (all.size() >= kMostLogos)
    return fail(ErrorCode::kConflict, fmt::format("there are {} logos already", kMostLogos),
                "remove some that nothing uses");
  store::Logo logo{.name = std::string(name),
                   .mime = std::string(type),
                   .bytes = bytes.size(),
                   .content_hash = io::hash_text(bytes),
                   .created = now};
  M3U_TRY(logo.id, store::random_id());
  const auto note = [&](bool begins) {
    const std::scoped_lock lock(mutex_);
    if (begins)
      adding_.insert(logo.id);
    else
      adding_.erase(logo.id);
  };
  note(true);
  const auto added = put_in_place(logo, bytes);
  note(false);
  if (!added) return fail(added.error());
  return logo;
}

/// The file first, then where replicas find it, then the row by which they know of it.
Result<> LogoLibrary::put_in_place(const store::Logo& logo, std::string_view bytes) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  M3U_TRY(const auto file, io::AtomicFile::create(path_of(logo.id)));
  M3U_CHECK(file->write(bytes));
  M3U_CHECK(file->publish());
  auto added = share(logo.id);
  if (added) added = store_.logos().add(logo);
  if (!added) fs::remove(path_of(logo.id), error);
  return added;
}

Result<> LogoLibrary::remove(const Uuid& id) {
  M3U_CHECK(store_.logos().erase(id));
  std::error_code error;
  fs::remove(path_of(id), error);
  if (error) return fail(system_error("cannot remove a logo", error.value()));
  if (shared_ == nullptr) return {};
  // Without its row the logo is gone, whatever becomes of this.
  if (const auto removed = shared_->remove(key_of(id)); !removed)
    log::warn("depot", "the shared file of a removed logo stays for now: {}",
              to_string(removed.error()));
  return {};
}

Result<> LogoLibrary::share(const Uuid& id) const {
  if (shared_ == nullptr) return {};
  const std::string path = path_of(id).string();
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0)
    return fail(system_error("cannot read " + path, errno));
  return shared_->put(key_of(id),
                      objects::content_of(file, static_cast<std::uint64_t>(info.st_size), path),
                      nullptr);
}

Result<> LogoLibrary::bring(const store::Logo& logo) {
  LogoBytes got;
  M3U_CHECK(shared_->get(key_of(logo.id), got, nullptr));
  if (got.text().size() != logo.bytes || io::hash_text(got.text()) != logo.content_hash)
    return fail(ErrorCode::kParse,
                fmt::format("{} in {} is not what was uploaded", key_of(logo.id), shared_->place()),
                "upload the logo again");
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  M3U_TRY(const auto file, io::AtomicFile::create(path_of(logo.id)));
  M3U_CHECK(file->write(got.text()));
  return file->publish();
}

/// Players are served what is here, without a look at the store.
Result<> LogoLibrary::remove_unnamed_here(std::span<const Uuid> here,
                                          const std::set<Uuid>& named) const {
  Result<> failed;
  for (const Uuid& id : here) {
    std::error_code error;
    if (!named.contains(id)) fs::remove(path_of(id), error);
    if (error && failed)
      failed = fail(system_error("cannot remove " + path_of(id).string(), error.value()));
  }
  return failed;
}

/// What cannot be removed now the next one removes.
void LogoLibrary::remove_unnamed_there(std::span<const objects::StoredObject> there,
                                       const std::set<Uuid>& named) {
  const std::int64_t old = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch() - kUploadMayTake)
                               .count();
  for (const objects::StoredObject& object : there) {
    const auto id = id_of(std::string_view(object.key).substr(kShared.size()));
    if (!id || named.contains(*id) || object.written == 0 || object.written > old) continue;
    const auto row = find(*id);  // it may have come since
    if (!row || *row) continue;
    if (const auto removed = shared_->remove(object.key); !removed) {
      log::warn("depot", "the shared file of a removed logo stays for now: {}",
                to_string(removed.error()));
      return;
    }
  }
}

/// Whether it is still worth while to look again and again for a file that is nowhere.
bool LogoLibrary::is_awaited(const Uuid& id) {
  const auto now = std::chrono::steady_clock::now();
  const std::scoped_lock lock(mutex_);
  return now - missing_since_.try_emplace(id, now).first->second < patience_;
}

Result<> LogoLibrary::catch_up() {
  if (shared_ == nullptr) return {};
  // In this order: who has a file and is not being added any more has a row by now, or never will.
  M3U_TRY(const auto here, ids_in(folder_));
  std::set<Uuid> named;
  {
    const std::scoped_lock lock(mutex_);
    named = adding_;
  }
  M3U_TRY(const auto all, list());
  for (const store::Logo& logo : all) named.insert(logo.id);
  Result<> failed = remove_unnamed_here(here, named);
  const auto there = shared_->list(kShared);
  if (!there && !all.empty()) return fail(there.error());
  if (!there) return failed;
  remove_unnamed_there(*there, named);
  for (const store::Logo& logo : all) {
    std::error_code error;
    const bool is_here = fs::exists(path_of(logo.id), error);
    const auto shared = std::ranges::find(*there, key_of(logo.id), &objects::StoredObject::key);
    const bool is_there = shared != there->end() && shared->bytes == logo.bytes;
    const auto done = !is_here ? bring(logo) : (is_there ? Result<>() : share(logo.id));
    const bool is_nowhere = !done && (done.error().code == ErrorCode::kNotFound ||
                                      done.error().code == ErrorCode::kParse);
    if (is_nowhere && !is_awaited(logo.id))
      log::warn("depot", "the uploaded logo \"{}\" is not waited for any more: {}", logo.name,
                to_string(done.error()));
    else if (!done && failed)
      failed = done;
  }
  const std::scoped_lock lock(mutex_);
  std::erase_if(missing_since_, [&](const auto& missing) {
    std::error_code error;
    return !named.contains(missing.first) || fs::exists(path_of(missing.first), error);
  });
  return failed;
}

Result<LogoFile> LogoLibrary::open(const Uuid& id) const {
  return open_logo(path_of(id), to_base64url(id));
}

}  // namespace m3u_proxy::logos
