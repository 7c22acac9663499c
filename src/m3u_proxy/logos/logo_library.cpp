#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/hash_text.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/logos/logo_limits.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::logos {
namespace {

constexpr std::size_t kLongestName = 200;

std::string key_of(const Uuid& id) { return "logos/" + to_string(id); }

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
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  store::Logo logo{.name = std::string(name),
                   .mime = std::string(type),
                   .bytes = bytes.size(),
                   .content_hash = io::hash_text(bytes),
                   .created = now};
  M3U_TRY(logo.id, store::random_id());
  M3U_TRY(const auto file, io::AtomicFile::create(path_of(logo.id)));
  M3U_CHECK(file->write(bytes));
  M3U_CHECK(file->publish());
  auto added = share(logo.id);
  if (added) added = store_.logos().add(logo);
  if (!added) {
    std::filesystem::remove(path_of(logo.id), error);
    return fail(added.error());
  }
  return logo;
}

Result<> LogoLibrary::remove(const Uuid& id) {
  M3U_CHECK(store_.logos().erase(id));
  std::error_code error;
  std::filesystem::remove(path_of(id), error);
  if (error) return fail(system_error("cannot remove a logo", error.value()));
  if (shared_ != nullptr) M3U_CHECK(shared_->remove(key_of(id)));
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

Result<> LogoLibrary::bring(const Uuid& id) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return fail(system_error("cannot make the folder " + folder_.string(), error.value()));
  M3U_TRY(const auto file, io::AtomicFile::create(path_of(id)));
  M3U_CHECK(shared_->get(key_of(id), *file, nullptr));
  return file->publish();
}

Result<> LogoLibrary::catch_up() {
  if (shared_ == nullptr) return {};
  M3U_TRY(const auto all, list());
  if (all.empty()) return {};
  M3U_TRY(const auto there, shared_->list("logos/"));
  Result<> failed;
  for (const store::Logo& logo : all) {
    std::error_code error;
    const bool is_here = std::filesystem::exists(path_of(logo.id), error);
    const bool is_there =
        std::ranges::find(there, key_of(logo.id), &objects::StoredObject::key) != there.end();
    const auto done = !is_here ? bring(logo.id) : (is_there ? Result<>() : share(logo.id));
    if (!done && failed) failed = done;
  }
  return failed;
}

Result<LogoFile> LogoLibrary::open(const Uuid& id) const {
  return open_logo(path_of(id), to_base64url(id));
}

}  // namespace m3u_proxy::logos
