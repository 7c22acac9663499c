#include <array>

#include <m3u_proxy/store/named_value.hpp>
#include <m3u_proxy/store/run_records.hpp>

namespace m3u_proxy::store {
namespace {

using memory::StorageLevel;
using sql::Access;
using sql::Columns;
using sql::Connection;

StorageLevel storage_of(std::string_view word) {
  return named_value(word, {StorageLevel::kCompressed, StorageLevel::kSpill},
                     StorageLevel::kMemory);
}

struct NumberedRun {
  std::int64_t number = 0;
  memory::RunRecord run{};
};

NumberedRun run_of(Columns& columns) {
  NumberedRun one;
  one.number = columns.integer();
  one.run.finished = columns.integer();
  one.run.size.source_bytes = columns.count();
  one.run.size.guide_bytes = columns.count();
  one.run.channels = columns.count();
  one.run.limit_mb = columns.real();
  one.run.fixed_mb = columns.real();
  one.run.peak_mb = columns.real();
  one.run.storage = storage_of(columns.view());
  return one;
}

Result<> insert(Connection& connection, const Uuid& proxy, std::int64_t number,
                const memory::RunRecord& run) {
  M3U_CHECK(sql::execute(
      connection,
      "INSERT INTO runs (proxy_id, number, finished, source_bytes, guide_bytes, channels,"
      " limit_mb, fixed_mb, peak_mb, strategy) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {proxy, number, run.finished, run.size.source_bytes, run.size.guide_bytes, run.channels,
       run.limit_mb, run.fixed_mb, run.peak_mb, memory::to_string(run.storage)}));
  std::int64_t position = 0;
  for (const memory::StagePeak& stage : run.stages)
    M3U_CHECK(
        sql::execute(connection,
                     "INSERT INTO run_stages (proxy_id, number, position, stage, peak_mb,"
                     " of_guide) VALUES ($1, $2, $3, $4, $5, $6)",
                     {proxy, number, ++position, stage.stage, stage.peak_mb, stage.of_guide}));
  return {};
}

}  // namespace

Result<memory::RunHistory> RunRecords::history(const Uuid& proxy) {
  return sql::transact<memory::RunHistory>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<memory::RunHistory> {
        M3U_TRY(auto runs,
                sql::query_all(connection,
                               "SELECT number, finished, source_bytes, guide_bytes, channels,"
                               " limit_mb, fixed_mb, peak_mb, strategy FROM runs"
                               " WHERE proxy_id = $1 ORDER BY number",
                               {proxy}, run_of));
        memory::RunHistory history;
        for (NumberedRun& one : runs) {
          M3U_TRY(one.run.stages,
                  sql::query_all(connection,
                                 "SELECT stage, peak_mb, of_guide FROM run_stages"
                                 " WHERE proxy_id = $1 AND number = $2 ORDER BY position",
                                 {proxy, one.number}, [](Columns& columns) {
                                   memory::StagePeak stage;
                                   stage.stage = columns.text();
                                   stage.peak_mb = columns.real();
                                   stage.of_guide = columns.boolean();
                                   return stage;
                                 }));
          history.add(std::move(one.run));
        }
        return history;
      });
}

Result<> RunRecords::add(const Uuid& proxy, const memory::RunRecord& run) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_TRY(
        const auto last,
        sql::query_one(connection, "SELECT COALESCE(MAX(number), 0) FROM runs WHERE proxy_id = $1",
                       {proxy}, [](Columns& columns) { return columns.integer(); }));
    const std::int64_t number = last.value_or(0) + 1;
    M3U_CHECK(insert(connection, proxy, number, run));
    M3U_CHECK(
        sql::execute(connection, "DELETE FROM runs WHERE proxy_id = $1 AND number <= $2",
                     {proxy, number - static_cast<std::int64_t>(memory::RunHistory::kMaxRuns)}));
    return {};
  });
}

}  // namespace m3u_proxy::store
