// ProgrammeColumns: programmes as the columns of the frames that plugins get, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>
#include <m3u_proxy/guide/programmes/programme_rows.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Throws memory::OverBudget.
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
  EpgSource no_source_;
  std::pmr::string scratch_;
  std::pmr::string element_;
  std::pmr::string changed_;
};

}  // namespace m3u_proxy::guide
