// SorterRuns: sorted runs of records in a temporary file, and their merge. The part that
// RecordSorter and BlobSorter share.
//
// A run is a row of checksummed blocks of whole records. Blocks are small, so that many runs can
// be read at once with little memory; when there are more runs than the memory has buffers for,
// they are merged in several passes.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/spill_block.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::spill {

constexpr std::size_t kSorterBlock = std::size_t{16} << 10U;  // with its header
/// A merge needs two buffers to read and one to write.
constexpr std::size_t kLeastSorterMemory = 4 * kSorterBlock;
constexpr std::size_t kFirstRuns = 64;

/// The bytes of a file that a run takes.
struct SorterRun {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Appends a run's records to a file.
class SorterRunWriter {
 public:
  /// `buffer` is kSorterBlock bytes.
  SorterRunWriter(io::TempFile& file, std::span<char> buffer)
      : file_(&file), buffer_(buffer), begin_(file.size()) {}

  Result<> append(std::string_view record);
  Result<SorterRun> finish();

 private:
  Result<> flush();

  io::TempFile* file_;
  std::span<char> buffer_;
  std::size_t used_ = 0;
  std::uint64_t begin_;
};

/// Reads a run's blocks.
class SorterRunReader {
 public:
  /// `buffer` is kSorterBlock bytes; a larger block (one large record) gets memory of its own.
  SorterRunReader(const io::TempFile& file, SorterRun run, std::span<char> buffer,
                  std::pmr::memory_resource& memory)
      : file_(&file), next_(run.begin), end_(run.end), buffer_(buffer), large_(&memory) {}

  /// The next block's records; none at the end. Errors: kIo; kOverBudget for a large one.
  Result<std::span<const char>> next();

 private:
  const io::TempFile* file_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::span<char> buffer_;
  std::pmr::vector<char> large_;
};

/// What a sorter knows of its records, which are anywhere in memory.
template <typename Form>
concept SorterForm = requires(const Form& form, const char* record) {
  { form.size(record) } -> std::convertible_to<std::size_t>;
  { form.less(record, record) } -> std::convertible_to<bool>;
};

template <SorterForm Form>
class SorterRuns {
 public:
  SorterRuns(memory::Budget& budget, spill::SpillSpace* space, memory::Tag tag, Form form)
      : space_(space), form_(std::move(form)), memory_(budget, tag), runs_(&memory_) {}
  /// Takes the memory that the first runs' places need, before the records take all there is.
  /// Error: kOverBudget.
  Result<> prepare() {
    return memory::guarded([&]() -> Result<> {
      if (can_spill()) runs_.reserve(kFirstRuns);
      return {};
    });
  }

  SorterRuns(const SorterRuns&) = delete;
  SorterRuns& operator=(const SorterRuns&) = delete;

  [[nodiscard]] bool can_spill() const { return space_ != nullptr; }
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] const Form& form() const { return form_; }

  /// Writes a run: `write(writer)` appends its records, sorted. Errors: kDiskFull, kIo.
  template <typename Write>
  Result<> add_run(std::span<char> block, Write&& write) {
    if (!file_) {
      M3U_TRY(file_, space_->create_file());
    }
    SorterRunWriter writer(*file_, block);
    M3U_CHECK(std::forward<Write>(write)(writer));
    M3U_TRY(const SorterRun run, writer.finish());
    runs_.push_back(run);
    return {};
  }

  /// The memory with which open() needs no pass before.
  [[nodiscard]] std::size_t merge_memory() const {
    return std::max(kLeastSorterMemory, runs_.size() * kSorterBlock);
  }
  /// Merges until `memory` holds a buffer for each run, then is before the first record.
  Result<> open(std::span<char> memory) {
    heads_.clear();
    const std::size_t buffers = memory.size() / kSorterBlock;
    while (runs_.size() > buffers) M3U_CHECK(merge_once(memory, buffers - 1));
    return open_heads(runs_, memory);
  }
  /// The next record, which stays valid until the next call; nullptr behind the last.
  Result<const char*> next() {
    if (stands_at_one_) {
      Head& head = *order_.front();
      head.at += form_.size(head.at);
      if (head.at == head.end) M3U_CHECK(load(head));
      if (head.at == nullptr) {
        order_.front() = order_.back();
        order_.pop_back();
      }
      sift_down(0);
    }
    stands_at_one_ = !order_.empty();
    return stands_at_one_ ? order_.front()->at : nullptr;
  }
  void clear() {
    order_.clear();
    heads_.clear();
    std::pmr::vector<SorterRun>(&memory_).swap(runs_);
    file_.reset();
  }

 private:
  struct Head {
    SorterRunReader reader;
    const char* at = nullptr;
    const char* end = nullptr;
  };

  static Result<> load(Head& head) {
    M3U_TRY(const std::span<const char> block, head.reader.next());
    head.at = block.empty() ? nullptr : block.data();
    head.end = block.data() + block.size();
    return {};
  }

  Result<> open_heads(std::span<const SorterRun> runs, std::span<char> memory) {
    order_.clear();
    heads_.clear();
    heads_.reserve(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      heads_.push_back(
          {.reader = SorterRunReader(*file_, runs[i],
                                     memory.subspan(i * kSorterBlock, kSorterBlock), memory_)});
      M3U_CHECK(load(heads_.back()));
    }
    for (Head& head : heads_)
      if (head.at != nullptr) order_.push_back(&head);
    for (std::size_t i = order_.size(); i-- > 0;) sift_down(i);
    stands_at_one_ = false;
    return {};
  }

  Result<> merge_once(std::span<char> memory, std::size_t at_once) {
    const std::span<char> block = memory.subspan(at_once * kSorterBlock, kSorterBlock);
    M3U_TRY(auto merged_file, space_->create_file());
    std::pmr::vector<SorterRun> merged(&memory_);
    for (std::size_t begin = 0; begin < runs_.size(); begin += at_once) {
      const std::size_t count = std::min(at_once, runs_.size() - begin);
      M3U_CHECK(open_heads(std::span(runs_).subspan(begin, count), memory));
      SorterRunWriter writer(*merged_file, block);
      while (true) {
        M3U_TRY(const char* const record, next());
        if (record == nullptr) break;
        M3U_CHECK(writer.append({record, form_.size(record)}));
      }
      M3U_TRY(const SorterRun run, writer.finish());
      merged.push_back(run);
    }
    file_ = std::move(merged_file);
    runs_ = std::move(merged);
    return {};
  }

  /// Whether a's record comes first; of equal ones that of the earlier run.
  bool before(const Head* a, const Head* b) const {
    if (form_.less(a->at, b->at)) return true;
    return !form_.less(b->at, a->at) && a < b;
  }
  void sift_down(std::size_t i) {
    while (true) {
      std::size_t child = 2 * i + 1;
      if (child >= order_.size()) return;
      if (child + 1 < order_.size() && before(order_[child + 1], order_[child])) ++child;
      if (before(order_[i], order_[child])) return;
      std::swap(order_[i], order_[child]);
      i = child;
    }
  }

  spill::SpillSpace* space_;
  Form form_;
  memory::BudgetResource memory_;
  std::unique_ptr<io::TempFile> file_;
  std::pmr::vector<SorterRun> runs_;
  std::vector<Head> heads_;   // one a buffer, so few
  std::vector<Head*> order_;  // a heap, the least record first
  bool stands_at_one_ = false;
};

}  // namespace m3u_proxy::spill
