#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/cli/serve/ctl_text.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_float() ? fmt::format("{:.1f}", found->get<double>()) : found->dump();
}

/// Columns as wide as what is in them.
std::string table(const Row& head, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(head.size());
  const auto widen = [&](const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  widen(head);
  for (const Row& row : rows) widen(row);
  std::string out;
  const auto write = [&](const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    out += line + "\n";
  };
  write(head);
  for (const Row& row : rows) write(row);
  return out;
}

std::string table_of(const Json& list, std::initializer_list<const char*> columns) {
  Row head;
  for (const char* const column : columns) head.emplace_back(column);
  std::vector<Row> rows;
  for (const Json& item : list) {
    Row row;
    for (const char* const column : columns) row.push_back(text_of(item, column));
    rows.push_back(std::move(row));
  }
  return table(head, rows);
}

/// "download, 3.4 of 12.0 MB", "episodes, 3 of 20, 1.2 MB"; "-" of a job that does not run.
std::string progress_text(const Json& job) {
  const auto progress = job.find("progress");
  if (text_of(job, "state") != "running" || progress == job.end()) return "-";
  const auto number = [&](const char* name) { return progress->value(name, std::uint64_t{0}); };
  std::string out = text_of(*progress, "stage");
  if (const auto items = number("items"), all = number("items_total"); all != 0)
    out += fmt::format(", {} of {}", items, all);
  else if (items != 0)
    out += fmt::format(", {}", items);
  if (const auto done = number("done"), all = number("total"); all != 0)
    out += fmt::format(", {:.1f} of {:.1f} MB", Bytes{done}.mb(), Bytes{all}.mb());
  else if (done != 0)
    out += fmt::format(", {:.1f} MB", Bytes{done}.mb());
  return out;
}

std::string jobs_text(const Json& jobs) {
  constexpr std::array kColumns = {"id", "kind", "state", "created", "finished"};
  Row head(kColumns.begin(), kColumns.end());
  head.emplace_back("progress");
  head.emplace_back("error");
  std::vector<Row> rows;
  for (const Json& job : jobs) {
    Row row;
    for (const char* const column : kColumns) row.push_back(text_of(job, column));
    row.push_back(progress_text(job));
    row.push_back(text_of(job, "error"));
    rows.push_back(std::move(row));
  }
  return table(head, rows);
}

std::string status_text(const Json& answer) {
  const Json& memory = answer.at("memory");
  std::string out =
      fmt::format("m3u-proxy {}, process {}, {} MB of {} MB, {}\n\n", text_of(answer, "version"),
                  text_of(answer, "pid"), text_of(memory, "rss_mb"), text_of(memory, "limit_mb"),
                  text_of(answer, "store"));
  out += table_of(answer.at("sources"), {"name", "kind", "items", "confirmed", "next", "error"});
  for (const Json& source : answer.at("sources"))
    if (source.contains("quarantined"))
      out +=
          fmt::format("{}: a reply with {} items waits in quarantine (m3u-proxy ctl accept {})\n",
                      text_of(source, "name"), text_of(source.at("quarantined"), "items"),
                      text_of(source, "name"));
  for (const Json& source : answer.at("sources"))
    if (source.contains("account")) {
      const Json& account = source.at("account");
      const std::string ends = text_of(account, "expires");
      out +=
          fmt::format("{}: the account is {}, {} of {} connections are in use{}\n",
                      text_of(source, "name"), text_of(account, "status"),
                      text_of(account, "active_connections"), text_of(account, "max_connections"),
                      ends == "-" ? "" : fmt::format(", it ends {}", ends));
    }
  out += "\n" +
         table_of(answer.at("proxies"), {"name", "generation", "channels", "programmes", "held"});
  for (const Json& proxy : answer.at("proxies"))
    out += fmt::format("\n{}\n  playlist  {}\n  guide     {}\n", text_of(proxy, "name"),
                       text_of(proxy, "playlist"), text_of(proxy, "guide"));
  return out;
}

std::string diff_text(const Json& answer) {
  std::string out =
      fmt::format("#{} to #{}: +{} -{} ~{}\n", text_of(answer, "from"), text_of(answer, "to"),
                  text_of(answer, "added"), text_of(answer, "removed"), text_of(answer, "changed"));
  for (const Json& channel : answer.at("channels")) {
    const std::string change = text_of(channel, "change");
    out += fmt::format("{} {} {}\n",
                       change == "added"     ? '+'
                       : change == "removed" ? '-'
                                             : '~',
                       text_of(channel, "number"), text_of(channel, "name"));
  }
  return out;
}

}  // namespace

std::string ctl_text(std::string_view command, const Json& answer) {
  try {
    if (command == "status") return status_text(answer);
    if (command == "diff") return diff_text(answer);
    if (command == "jobs" || command == "refresh") return jobs_text(answer.at("jobs"));
    if (command == "channels")
      return table_of(answer.at("channels"), {"channel", "number", "name", "group", "guide_id"});
    if (command == "edits list")
      return table_of(answer.at("edits"), {"channel", "proxy", "number", "name", "group", "logo",
                                           "guide_id", "hidden", "before", "after", "managed_by"});
    if (command == "generations")
      return table_of(answer.at("generations"), {"number", "state", "created", "channels",
                                                 "programmes", "added", "removed", "changed"});
  } catch (const Json::exception&) {
    // An older or newer service: what it says is shown as it is.
  }
  return answer.dump(2) + "\n";
}

}  // namespace m3u_proxy::cli
