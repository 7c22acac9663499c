// SnapshotPublisher: publishes a generation into the draft of a snapshot; what becomes of the draft
// is decided by its maker.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::jobs {

class SnapshotPublisher final : public generation::FilePublisher {
 public:
  /// `last`: the snapshot that is published now, and how many channels it has; nullptr: none. What
  /// changes is told by the lineups. `guide_path`: the guide's address behind the base URL.
  SnapshotPublisher(const snapshots::SnapshotDraft& draft,
                    std::shared_ptr<const snapshots::Snapshot> last,
                    std::optional<std::uint64_t> last_channels, std::string guide_path)
      : FilePublisher({.playlist = draft.folder() / snapshots::kPlaylistFile,
                       .guide = draft.folder() / snapshots::kGuideFile}),
        last_(std::move(last)),
        last_channels_(last_channels),
        guide_path_(std::move(guide_path)) {}

  [[nodiscard]] generation::LastPlaylist last_playlist() const override {
    if (!last_ || last_->file(snapshots::kPlaylistFile) == nullptr) return {};
    return {.file = last_->path() / snapshots::kPlaylistFile, .channels = last_channels_};
  }
  [[nodiscard]] std::string guide_name() const override { return guide_path_; }
  [[nodiscard]] std::string place_of(generation::OutputFile /*file*/) const override { return {}; }
  [[nodiscard]] bool has_last_guide() const override {
    return last_ && last_->file(snapshots::kGuideFile) != nullptr;
  }

 private:
  std::shared_ptr<const snapshots::Snapshot> last_;
  std::optional<std::uint64_t> last_channels_;
  std::string guide_path_;
};

}  // namespace m3u_proxy::jobs
