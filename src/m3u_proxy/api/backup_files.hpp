// BackupFiles: the archives in the data folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/backup/about.hpp>
#include <m3u_proxy/backup/backup.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::api {

struct BackupFile {
  std::string name;
  std::uint64_t bytes = 0;
  backup::About about;
  std::string problem{};  ///< why it cannot be read; empty: it begins as a backup
  std::optional<backup::BackupSummary> made{};  ///< of one that was just made
};
std::string to_json(const BackupFile& file);

/// Thread-safe; two that make a backup at once make two.
class BackupFiles {
 public:
  static constexpr std::size_t kMost = 100;

  /// `budget` outlives this. The folder is made when it is needed.
  BackupFiles(std::filesystem::path folder, memory::Budget& budget)
      : folder_(std::move(folder)), budget_(budget) {}

  /// Newest first, with what cannot be read.
  [[nodiscard]] std::vector<BackupFile> list() const;
  /// Problem: 404.
  [[nodiscard]] Outcome<BackupFile> find(std::string_view name) const;
  /// Whether there may be another one. Problem: 409 (there are kMost).
  [[nodiscard]] Outcome<void> check_room() const;
  /// Makes one, for its owner only. Problems: 409 (there are kMost), those of make_backup().
  Outcome<BackupFile> make(store::Store& store, const backup::BackupOptions& options);
  /// An open one. Problem: 404.
  [[nodiscard]] Outcome<std::shared_ptr<const io::Descriptor>> open(const BackupFile& file) const;
  /// Problem: 404.
  Outcome<void> erase(const BackupFile& file);

 private:
  [[nodiscard]] Result<BackupFile> look(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  std::filesystem::path folder_;
  memory::Budget& budget_;
  std::mutex making_;  // names have seconds
};

}  // namespace m3u_proxy::api
