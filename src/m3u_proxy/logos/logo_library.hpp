// LogoLibrary: pictures that people uploaded, which `@logo:<uuid>` names: rows in the store, bytes
// in files beside it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/logos/logo_file.hpp>
#include <m3u_proxy/objects/object_store.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::logos {

/// Thread-safe.
class LogoLibrary {
 public:
  /// `store` outlives this, and so does `shared`: where replicas find each other's files; nullptr:
  /// there are none. Files are in `folder`, which is made when it is needed.
  LogoLibrary(store::Store& store, std::filesystem::path folder,
              objects::ObjectStore* shared = nullptr)
      : store_(store), folder_(std::move(folder)), shared_(shared) {}

  /// A line of 1 to 200 bytes in UTF-8.
  static bool is_name(std::string_view text);
  /// Errors: kInvalidArgument (no picture, too large, or no name); kConflict (there are as many as
  /// there may be); kIo, kDiskFull, and those of the store.
  Result<store::Logo> add(std::string_view name, std::string_view bytes, store::Time now);
  /// nullopt: there is none. Errors: of the store.
  Result<std::optional<store::Logo>> find(const Uuid& id) { return store_.logos().find(id); }
  /// By name.
  Result<std::vector<store::Logo>> list() { return store_.logos().list(); }
  /// Error: kNotFound.
  Result<> remove(const Uuid& id);
  /// Brings here what another replica has added, and shares what is only here. What fails is the
  /// answer, after all others were tried. Errors: of the store and of `shared`; kIo, kDiskFull.
  Result<> catch_up();
  /// Does not ask the store. Errors: as open_logo().
  [[nodiscard]] Result<LogoFile> open(const Uuid& id) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const Uuid& id) const {
    return folder_ / to_string(id);
  }

  Result<> bring(const Uuid& id);
  Result<> share(const Uuid& id) const;

  store::Store& store_;
  std::filesystem::path folder_;
  objects::ObjectStore* shared_;
};

}  // namespace m3u_proxy::logos
