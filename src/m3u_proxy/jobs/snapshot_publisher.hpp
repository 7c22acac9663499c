// SnapshotPublisher: publishes a generation into the draft of a snapshot; what becomes of the draft
// is decided by its maker.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::jobs {

class SnapshotPublisher final : public generation::FilePublisher {
 public:
  /// `last`: the snapshot that is published now; nullptr: none. `guide_path`: the guide's address
  /// behind the base URL.
  SnapshotPublisher(const snapshots::SnapshotDraft& draft,
                    std::shared_ptr<const snapshots::Snapshot> last, std::string guide_path)
      : FilePublisher({.playlist = draft.folder() / snapshots::kPlaylistFile,
                       .guide = draft.folder() / snapshots::kGuideFile}),
        last_(std::move(last)),
        guide_path_(std::move(guide_path)) {}

  [[nodiscard]] std::filesystem::path last_playlist() const override {
    return last_ && last_->file(snapshots::kPlaylistFile) != nullptr
               ? last_->path() / snapshots::kPlaylistFile
               : std::filesystem::path();
  }
  [[nodiscard]] std::string guide_name() const override { return guide_path_; }
  [[nodiscard]] std::string place_of(generation::OutputFile /*file*/) const override { return {}; }
  [[nodiscard]] bool has_last_guide() const override {
    return last_ && last_->file(snapshots::kGuideFile) != nullptr;
  }

 private:
  std::shared_ptr<const snapshots::Snapshot> last_;
  std::string guide_path_;
};

}  // namespace m3u_proxy::jobs
