#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/cli/report_file.hpp>
#include <m3u_proxy/io/atomic_file.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string error_text(const std::string& proxy, const Error& error) {
  const Json json = {{"proxy", proxy},
                     {"error",
                      {{"code", kind_of(error.code).name},
                       {"message", error.message},
                       {"source", error.where.source},
                       {"line", error.where.line},
                       {"column", error.where.column},
                       {"byte", error.where.byte},
                       {"hint", error.hint}}}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string one(const ProxyOutcome& outcome) {
  return outcome.result ? report::to_json(*outcome.result)
                        : error_text(outcome.proxy, outcome.result.error());
}

}  // namespace

std::string report_text(const std::vector<ProxyOutcome>& outcomes) {
  if (outcomes.size() == 1) return one(outcomes.front()) + '\n';
  std::string text = "{\"proxies\": [";
  for (const ProxyOutcome& outcome : outcomes) {
    if (&outcome != &outcomes.front()) text += ",\n";
    text += one(outcome);
  }
  return text + "]}\n";
}

Result<> check_report_file(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    return fail(ErrorCode::kInvalidArgument,
                "cannot write the report to " + file.string() + ": it is a folder", "name a file");
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (!std::filesystem::is_directory(folder, error))
    return fail(ErrorCode::kInvalidArgument,
                "cannot write the report to " + file.string() + ": there is no such folder",
                "make the folder first");
  return {};
}

Result<> write_report(const std::filesystem::path& file,
                      const std::vector<ProxyOutcome>& outcomes) {
  M3U_TRY(const auto out, io::AtomicFile::create(file));
  M3U_CHECK(out->write(report_text(outcomes)));
  return out->publish(io::AtomicFile::Durability::kNotNeeded);
}

}  // namespace m3u_proxy::cli
