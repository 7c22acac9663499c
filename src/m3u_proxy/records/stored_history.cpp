#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/records/stored_history.hpp>

namespace m3u_proxy::records {

memory::RunHistory StoredHistory::read(std::string_view /*proxy*/) {
  const auto history = store_.runs().history(proxy_);
  if (!history) {
    log::warn("memory.prediction", "{}", to_string(history.error()));
    return {};
  }
  memory::RunHistory out;
  for (memory::RunRecord run : history->runs()) {
    run.guide_programmes = guide_programmes_;
    out.add(std::move(run));
  }
  return out;
}

Result<> StoredHistory::write(std::string_view /*proxy*/, const memory::RunHistory& history) {
  return history.runs().empty() ? Result<>() : store_.runs().add(proxy_, history.runs().back());
}

}  // namespace m3u_proxy::records
