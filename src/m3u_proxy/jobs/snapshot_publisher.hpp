// SnapshotPublisher: publishes a generation into the draft of a snapshot; what becomes of the draft
// is decided by its maker.
//
// The playlist is hashed, and its placeholders are counted, while it is written, so that the draft
// takes it over without reading it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/snapshots/content_hash.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/placeholders.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::jobs {

class SnapshotPublisher final : public generation::FilePublisher {
 public:
  /// `last`: the snapshot that is published now, and how many channels it has; nullptr: none. What
  /// changes is told by the lineups. `guide_path`: the guide's address behind the base URL. Without
  /// `placeholders`, which live longer, nobody asks for playlist().
  SnapshotPublisher(const snapshots::SnapshotDraft& draft,
                    std::shared_ptr<const snapshots::Snapshot> last,
                    std::optional<std::uint64_t> last_channels, std::string guide_path,
                    const snapshots::Placeholders* placeholders = nullptr)
      : FilePublisher({.playlist = draft.folder() / snapshots::kPlaylistFile,
                       .guide = draft.folder() / snapshots::kGuideFile}),
        last_(std::move(last)),
        last_channels_(last_channels),
        guide_path_(std::move(guide_path)),
        placeholders_(placeholders) {}

  Result<io::AtomicFile*> sink(generation::OutputFile which) override {
    M3U_TRY(io::AtomicFile* const file, FilePublisher::sink(which));
    if (placeholders_ != nullptr && which == generation::OutputFile::kPlaylist) {
      hash_ = snapshots::ContentHash();
      places_.emplace(*placeholders_);
      file->watch([this](std::string_view piece) {
        hash_.add(piece);
        places_->add(piece);
        bytes_ += piece.size();
      });
      bytes_ = 0;
    }
    return file;
  }
  /// What was committed of the playlist, and where its placeholders are; once.
  [[nodiscard]] snapshots::SnapshotFile playlist() const {
    return {.name = std::string(snapshots::kPlaylistFile), .bytes = bytes_, .hash = hash_.text()};
  }
  std::vector<snapshots::PlaceCount> playlist_places() { return places_->finish(); }

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
  const snapshots::Placeholders* placeholders_;
  snapshots::ContentHash hash_;
  std::optional<snapshots::PlaceCounter> places_;
  std::uint64_t bytes_ = 0;
};

}  // namespace m3u_proxy::jobs
