#include <utility>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>
#include <m3u_proxy/sources/xtream_reply.hpp>

namespace m3u_proxy::sources {

Result<bool> has_records(std::unique_ptr<io::ByteSource> reply, memory::Budget& budget,
                         Asked asked) {
  const auto bytes = io::make_inflating_source(std::move(reply), budget);
  M3U_TRY(JsonRecords records, JsonRecords::create(*bytes, budget));
  XtreamRecordReader reader;
  ProblemLog ignored;  // counted when the reply is read
  while (true) {
    const auto json = records.next(ignored);
    if (!json && ends_the_job(json.error())) return fail(json.error());
    if (!json || !*json) return false;
    const XtreamRecord* const record = reader.read(**json, ignored);
    if (record == nullptr)
      records.resume_inside();
    else if (!record->id.empty() || !record->categories.empty() ||
             (asked == Asked::kAccount && !record->auth.empty()))
      return true;
  }
}

}  // namespace m3u_proxy::sources
