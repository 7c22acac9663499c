#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/backup/archive_layout.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::backup {
namespace {

constexpr std::string_view kPartEnd = ".jsonl";
constexpr std::size_t kPartDigits = 6;
constexpr std::string_view kLogos = "files/logos/";
constexpr std::string_view kSources = "snapshots/sources/";
constexpr std::string_view kProxies = "snapshots/proxies/";
constexpr std::size_t kIdSize = 36;

/// Takes an id in the one form in which we write it.
std::optional<Uuid> take_id(std::string_view& text) {
  const std::string_view digits = text.substr(0, kIdSize);
  const auto id = parse_uuid(digits);
  if (!id || to_string(*id) != digits) return std::nullopt;
  text.remove_prefix(kIdSize);
  return *id;
}

}  // namespace

std::string part_name(const store::portable::Kind& kind, std::size_t number) {
  return fmt::format("{}/{:0{}}{}", kind.name, number, kPartDigits, kPartEnd);
}

const store::portable::Kind* kind_of_part(std::string_view name) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  const std::string_view rest = name.substr(std::min(slash + 1, name.size()));
  if (rest.size() != kPartDigits + kPartEnd.size() || !rest.ends_with(kPartEnd) ||
      !std::ranges::all_of(rest.substr(0, kPartDigits), is_ascii_digit))
    return nullptr;
  return store::portable::find_kind(name.substr(0, slash));
}

std::string name_of(const ArchivedFile& file) {
  if (!file.whose) return fmt::format("{}{}", kLogos, to_string(file.id));
  return fmt::format("{}{}/{}", *file.whose == Whose::kSource ? kSources : kProxies,
                     to_string(file.id), file.name);
}

std::optional<ArchivedFile> parse_name(std::string_view name) {
  ArchivedFile file;
  std::string_view rest;
  if (name.starts_with(kLogos)) {
    rest = name.substr(kLogos.size());
  } else if (name.starts_with(kSources)) {
    file.whose = Whose::kSource;
    rest = name.substr(kSources.size());
  } else if (name.starts_with(kProxies)) {
    file.whose = Whose::kProxy;
    rest = name.substr(kProxies.size());
  }
  const auto id = take_id(rest);
  if (!id) return std::nullopt;
  file.id = *id;
  if (!file.whose) return rest.empty() ? std::optional(file) : std::nullopt;
  if (rest.size() < 2 || rest.front() != '/' || rest.find('/', 1) != std::string_view::npos)
    return std::nullopt;
  file.name = rest.substr(1);
  return file;
}

std::filesystem::path snapshots_of(const std::filesystem::path& data, Whose whose, const Uuid& id) {
  return data / (whose == Whose::kSource ? "sources" : "generations") / to_base64url(id);
}

std::filesystem::path logos_of(const std::filesystem::path& data) { return data / "logos"; }

}  // namespace m3u_proxy::backup
