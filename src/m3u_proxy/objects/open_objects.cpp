#include <fmt/format.h>

#include <m3u_proxy/objects/folder_store.hpp>
#include <m3u_proxy/objects/open_objects.hpp>
#include <m3u_proxy/objects/s3_store.hpp>

namespace m3u_proxy::objects {
namespace {

constexpr std::string_view kS3 = "s3://";

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_objects(const ObjectsOptions& options) {
  if (!options.place.starts_with(kS3)) return FolderStore::open(options.place);
  std::string_view rest = std::string_view(options.place).substr(kS3.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  const std::string_view prefix =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (!is_key(bucket) || bucket.find('/') != std::string_view::npos ||
      (!prefix.empty() && !is_key(prefix)))
    return fail(ErrorCode::kConfig, "service.snapshots is no place in an object store",
                "write s3://BUCKET or s3://BUCKET/PREFIX, of letters, digits, '.', '-' and '_'");
  const std::string endpoint = options.endpoint.empty()
                                   ? fmt::format("https://s3.{}.amazonaws.com", options.region)
                                   : options.endpoint;
  return S3Store::open({.endpoint = endpoint,
                        .bucket = std::string(bucket),
                        .prefix = prefix.empty() ? std::string() : std::string(prefix) + "/",
                        .credentials = {.region = options.region,
                                        .access_key = options.access_key,
                                        .secret_key = options.secret_key},
                        .guard = options.guard});
}

}  // namespace m3u_proxy::objects
