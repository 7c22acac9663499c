// JSON records: the objects of a list of any length, one after the other.
//
// What servers send for a list is one line of hundreds of megabytes: it is cut at the records'
// ends, and only one record at a time is in memory. Tolerated: an object instead of the array, text
// before it (a warning, a byte order mark), false, null, "" or {} for none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::sources {

/// Not thread-safe.
class JsonRecords {
 public:
  /// Larger records are skipped and counted.
  static constexpr std::size_t kLargest = std::size_t{1} << 20U;
  /// Readable behind a record's end, whatever is there, as simdjson wants it.
  static constexpr std::size_t kPadding = 64;

  /// Reserves a bit more than kLargest under Tag::kInput. `source` must outlive the reader. With a
  /// `member`, a literal, the records are those of the first list or object of that name.
  /// Error: kOverBudget.
  static Result<JsonRecords> create(io::ByteSource& source, memory::Budget& budget,
                                    std::string_view member = {});

  /// The next `{…}`, in lists within the list too; nullopt at the end. Valid until the next call.
  /// Counts in `problems` json_junk, json_no_list, json_object_for_list, json_too_large,
  /// json_broken, json_truncated. Errors: of the source; kParse when there is no JSON at all.
  Result<std::optional<std::string_view>> next(ProblemLog& problems);

  /// The last record was no JSON: goes on at the first place inside it where another seems to
  /// begin, since a missing quote lets records run into one another.
  void resume_inside();

 private:
  JsonRecords(io::ByteSource& source, io::Buffer buffer, std::string_view member)
      : source_(&source), buffer_(std::move(buffer)), member_(member) {}

  enum class State : std::uint8_t { kBefore, kInList, kEnded };
  Result<> begin(ProblemLog& problems);
  Result<> begin_at_member(ProblemLog& problems);
  Result<> no_list(ProblemLog& problems);
  void enter(std::size_t at, ProblemLog& problems);
  Result<bool> skip_to_record();
  Result<std::optional<std::size_t>> record_end(ProblemLog& problems);
  Result<> leave_broken(ProblemLog& problems, std::string_view reason);
  Result<bool> fill();
  [[nodiscard]] std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }

  io::ByteSource* source_;
  io::Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t last_ = 0;   ///< where the last record begins; it ends at begin_
  std::size_t depth_ = 1;  ///< of lists around the next record
  bool source_ended_ = false;
  std::string_view member_;
  State state_ = State::kBefore;
};

}  // namespace m3u_proxy::sources
