// ProgrammeRows: programmes of the guide as plugins get them and give them back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Whole `<programme>` elements, each with the output that it is for and the number of its source.
/// Not thread-safe. Throws memory::OverBudget.
class ProgrammeRows {
 public:
  struct Row {
    std::string_view element;
    std::uint32_t output;
    std::uint16_t source;
  };
  explicit ProgrammeRows(memory::SlabPool& slabs)
      : memory_(slabs.budget(), memory::Tag::kBatch),
        text_(slabs, memory::Tag::kBatch),
        rows_(&memory_) {}

  void clear() {
    rows_.clear();
    text_.reset();
    problems_.clear();
  }
  /// `element` has to stay as long as the rows, or is copied by keep().
  void add(const Row& row) { rows_.push_back(row); }
  std::string_view keep(std::string_view element) { return text_.copy(element); }
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// What came back from a plugin and could not be used.
  [[nodiscard]] ProblemLog& problems() { return problems_; }

 private:
  memory::BudgetResource memory_;
  memory::Arena text_;
  std::pmr::vector<Row> rows_;
  ProblemLog problems_;
};

/// Turns elements into columns and back. Not thread-safe. Throws memory::OverBudget.
class ProgrammeColumns {
 public:
  explicit ProgrammeColumns(memory::SlabPool& slabs);

  /// The columns of a written programme; its texts stay until clear().
  void read(const ProgrammeRows::Row& row, catalog::ProgrammeRow& out);
  void clear() { text_.reset(); }

  /// The element that a row which came back stands for, valid until the next call; nullopt when it
  /// stands for none, which is counted in `problems`.
  std::optional<std::string_view> write(const catalog::ProgrammeRow& row, ProblemLog& problems);

 private:
  std::string_view plain(std::string_view attribute);
  bool build_new(const catalog::ProgrammeRow& row);
  std::optional<std::string_view> base_of(const catalog::ProgrammeRow& row, ProblemLog& problems);
  bool set_changes(const catalog::ProgrammeRow& row);
  void append_changed(std::string_view element, const formats::XmltvStartTag& tag);

  memory::BudgetResource memory_;
  memory::Arena text_;
  ProgrammeRecord record_;
  formats::XmltvChecker checker_;
  GuideSource no_source_;
  std::pmr::string scratch_;
  std::pmr::string element_;
  std::pmr::string changed_;
};

}  // namespace m3u_proxy::guide
