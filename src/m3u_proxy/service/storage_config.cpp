#include <m3u_proxy/service/storage_config.hpp>

namespace m3u_proxy::service {

StorageConfig StorageConfig::default_config() {
  return {.output_dir = "m3u-proxy/output", .cache_dir = "m3u-proxy/cache", .spill_dir = {}};
}

StorageConfig StorageConfig::minimal() {
  return {.output_dir = "m3u-proxy/output", .cache_dir = {}, .spill_dir = {}};
}

StorageConfig StorageConfig::development() {
  return {.output_dir = "m3u-proxy-dev/output",
          .cache_dir = "m3u-proxy-dev/cache",
          .spill_dir = "m3u-proxy-dev/spill"};
}

}  // namespace m3u_proxy::service
