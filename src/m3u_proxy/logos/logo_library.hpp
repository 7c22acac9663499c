// LogoLibrary: pictures that people uploaded, which `@logo:<uuid>` names: rows in the store, bytes
// in files beside it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
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
  /// How long catch_up() fails because of a file that is nowhere: whoever has it may be about to
  /// share it, as one that ran alone before does at its start.
  static constexpr std::chrono::seconds kPatience = std::chrono::minutes(10);

  /// `store` outlives this, and so does `shared`: where replicas find each other's files; nullptr:
  /// there are none. Files are in `folder`, which is made when it is needed.
  LogoLibrary(store::Store& store, std::filesystem::path folder,
              objects::ObjectStore* shared = nullptr, std::chrono::seconds patience = kPatience)
      : store_(store), folder_(std::move(folder)), shared_(shared), patience_(patience) {}

  /// A line of 1 to 200 bytes in UTF-8.
  static bool is_name(std::string_view text);
  /// Errors: kInvalidArgument (no picture, too large, or no name); kConflict (there are as many as
  /// there may be); kIo, kDiskFull, and those of the store.
  Result<store::Logo> add(std::string_view name, std::string_view bytes, store::Time now);
  /// nullopt: there is none. Errors: of the store.
  Result<std::optional<store::Logo>> find(const Uuid& id) { return store_.logos().find(id); }
  /// By name.
  Result<std::vector<store::Logo>> list() { return store_.logos().list(); }
  /// What cannot be removed from `shared` now, a later catch_up() of any replica removes.
  /// Errors: kNotFound; kIo (the file is still here).
  Result<> remove(const Uuid& id);
  /// Brings here what another replica has added, removes what another has removed, and shares what
  /// is only here. What fails is the answer, after all others were tried: call it again. A file
  /// that is nowhere is no failure any more after kPatience. Errors: of the store and of `shared`;
  /// kParse (what is shared is not what was uploaded); kIo, kDiskFull.
  Result<> catch_up();
  /// Does not ask the store. Errors: as open_logo().
  [[nodiscard]] Result<LogoFile> open(const Uuid& id) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const Uuid& id) const {
    return folder_ / to_string(id);
  }

  Result<> put_in_place(const store::Logo& logo, std::string_view bytes);
  Result<> bring(const store::Logo& logo);
  Result<> share(const Uuid& id) const;
  Result<> remove_unnamed_here(std::span<const Uuid> here, const std::set<Uuid>& named) const;
  void remove_unnamed_there(std::span<const objects::StoredObject> there,
                            const std::set<Uuid>& named);
  bool is_awaited(const Uuid& id);

  store::Store& store_;
  std::filesystem::path folder_;
  objects::ObjectStore* shared_;
  std::chrono::seconds patience_;
  std::mutex mutex_;       // of what follows
  std::set<Uuid> adding_;  // their files are here, their rows may not be yet
  std::map<Uuid, std::chrono::steady_clock::time_point> missing_since_;
};

}  // namespace m3u_proxy::logos
