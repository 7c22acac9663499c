// FolderStore: objects as files of a folder that several machines have mounted (NFS and the like).
// A file is written beside its place, synced and renamed; nothing is locked.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <m3u_proxy/objects/object_store.hpp>

namespace m3u_proxy::objects {

class FolderStore final : public ObjectStore {
 public:
  /// Errors: kIo with the remedy, when the folder is not there or cannot be written to. It is not
  /// made: a share that is not mounted would go unnoticed.
  static Result<std::unique_ptr<FolderStore>> open(std::filesystem::path folder);

  Result<> put(std::string_view key, const Content& content, const CancelToken* cancel) override;
  Result<> get(std::string_view key, io::ByteSink& to, const CancelToken* cancel) override;
  Result<std::vector<StoredObject>> list(std::string_view prefix) override;
  Result<> remove(std::string_view key) override;
  [[nodiscard]] std::string_view place() const override { return place_; }

 private:
  explicit FolderStore(std::filesystem::path folder)
      : folder_(std::move(folder)), place_(folder_.string()) {}
  [[nodiscard]] Result<> check_folder() const;
  std::filesystem::path folder_;
  std::string place_;
};

}  // namespace m3u_proxy::objects
