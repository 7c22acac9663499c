// ArchivedLines: the rows of an archive, as the store reads them.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/store/portable/portable_rows.hpp>

namespace m3u_proxy::backup {

/// Belongs to one thread.
class ArchivedLines final : public store::portable::LineSource {
 public:
  /// `archive` is right behind its first file. `expected`: the hash() that these rows had when they
  /// were read before; empty: they are read for the first time. All outlive this.
  ArchivedLines(ArchiveReader& archive, memory::Budget& budget, std::string expected = {})
      : archive_(archive), budget_(budget), expected_(std::move(expected)) {}

  /// Error: kParse, also when the rows are not the expected ones.
  Result<const store::portable::Kind*> next_kind() override;
  Result<std::optional<std::string_view>> next_line() override;

  /// The first file that has no rows, once next_kind() has said that there is none; nullopt: the
  /// archive ends.
  [[nodiscard]] const std::optional<TarEntry>& behind() const { return entry_; }
  /// Of all rows read so far.
  [[nodiscard]] std::string hash() const { return hash_.text(); }

 private:
  Result<> open_next();
  Result<> load();

  ArchiveReader& archive_;
  memory::Budget& budget_;
  std::string expected_;
  std::optional<TarEntry> entry_;  ///< whose rows are read
  bool begun_ = false;
  const store::portable::Kind* kind_ = nullptr;   ///< of entry_
  const store::portable::Kind* given_ = nullptr;  ///< by next_kind()
  std::string text_;                              ///< of entry_, and padding
  memory::Reservation room_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  snapshots::ContentHash hash_;
};

}  // namespace m3u_proxy::backup
