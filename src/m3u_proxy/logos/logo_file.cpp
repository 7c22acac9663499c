#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/logos/logo_file.hpp>

namespace m3u_proxy::logos {
namespace {

constexpr std::size_t kLookedAt = 1024;

struct Magic {
  std::string_view begin;
  std::size_t offset;  // of `then`
  std::string_view then;
  std::string_view type;
};
constexpr std::array<Magic, 8> kMagics = {{
    {"\x89PNG\r\n\x1A\n", 0, "", "image/png"},
    {"\xFF\xD8\xFF", 0, "", "image/jpeg"},
    {"GIF87a", 0, "", "image/gif"},
    {"GIF89a", 0, "", "image/gif"},
    {"RIFF", 8, "WEBP", "image/webp"},
    {"", 4, "ftypavi", "image/avif"},
    {"BM", 0, "", "image/bmp"},
    {std::string_view("\0\0\1\0", 4), 0, "", "image/x-icon"},
}};

bool is_svg(std::string_view bytes) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  bytes = trim(bytes.substr(0, kLookedAt));
  if (bytes.starts_with("<svg")) return true;
  const bool may_be = bytes.starts_with("<?xml") || bytes.starts_with("<!--") ||
                      starts_with_ascii_case(bytes, "<!doctype svg");
  return may_be && bytes.contains("<svg");
}

}  // namespace

std::string_view picture_type(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.starts_with(magic.begin) && bytes.size() > magic.offset &&
        bytes.substr(magic.offset).starts_with(magic.then))
      return magic.type;
  return is_svg(bytes) ? "image/svg+xml" : "";
}

Result<LogoFile> open_logo(const std::filesystem::path& path, std::string_view etag) {
  io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return fail(system_error("cannot read a logo", errno));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(system_error("cannot read a logo", errno));
  std::array<char, kLookedAt> begin{};
  M3U_TRY(const std::size_t size, io::read_some_at(file.get(), 0, begin, "cannot read a logo"));
  const std::string_view type = picture_type({begin.data(), size});
  if (type.empty() || !S_ISREG(info.st_mode))
    return fail(ErrorCode::kParse, fmt::format("{} is no picture", path.filename().string()));
  return LogoFile{.descriptor = std::make_shared<const io::Descriptor>(std::move(file)),
                  .bytes = static_cast<std::uint64_t>(info.st_size),
                  .type = std::string(type),
                  .etag = fmt::format("\"{}\"", etag),
                  .made = info.st_mtim.tv_sec};
}

}  // namespace m3u_proxy::logos
