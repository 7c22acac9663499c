// ProgrammeIndexWriter: reads a guide while it goes by and writes down, as a block file, where each
// programme is: by channel and time, and by title.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/programme_index_format.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::snapshots {

/// Not thread-safe.
class ProgrammeIndexWriter {
 public:
  /// Writes to `sink`. All live longer; `spill` may be nullptr: entries are sorted in memory.
  ProgrammeIndexWriter(io::ByteSink& sink, memory::Budget& budget, spill::SpillSpace* spill);
  ~ProgrammeIndexWriter();
  ProgrammeIndexWriter(const ProgrammeIndexWriter&) = delete;
  ProgrammeIndexWriter& operator=(const ProgrammeIndexWriter&) = delete;

  /// The guide's next bytes. What is no programme of a channel with a start is left out. Errors:
  /// kIo, kDiskFull, kOverBudget; kParse when it is no guide.
  Result<> add(std::string_view bytes);
  /// After the last one: writes the rest. Errors: as add().
  Result<> finish();
  [[nodiscard]] std::uint64_t programmes() const { return programmes_; }

 private:
  struct ByChannel {
    bool operator()(const ProgrammeEntry& a, const ProgrammeEntry& b) const;
    static std::uint64_t prefix(const ProgrammeEntry& entry) { return entry.channel; }
  };
  Result<> split(formats::XmltvSplitter::Input input);
  Result<> add_element(std::string_view element, const formats::XmltvSpan& span,
                       std::uint64_t offset);
  void append_title(std::string_view element, std::size_t tag_size);
  Result<> write_titles();
  Result<> write_entries();
  template <typename T>
  Result<> write_block(ProgrammeBlock kind, std::uint64_t first, const std::pmr::vector<T>& items);

  memory::BudgetResource resource_;
  BlockWriter blocks_;
  spill::RecordSorter<ProgrammeEntry, ByChannel> entries_;
  formats::XmltvSplitter splitter_;
  ProblemLog problems_;
  std::pmr::vector<char> window_;  // from the splitter's position on
  std::pmr::vector<formats::XmltvSpan> elements_;
  std::pmr::vector<ProgrammeEntry> places_;  // of titles_
  std::pmr::string titles_;
  std::pmr::string plain_;
  std::pmr::string raw_channel_;  // of the last programme
  std::uint64_t channel_ = 0;     // its key
  std::string folded_;
  std::uint64_t programmes_ = 0;
};

}  // namespace m3u_proxy::snapshots
