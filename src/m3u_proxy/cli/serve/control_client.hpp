// ControlClient: asks a running service through the socket in its data folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::cli {

struct ControlCall {
  std::string_view method;
  std::string path;
  std::string body;
};
struct ControlAnswer {
  std::string text;
  nlohmann::ordered_json json;
};
/// What the service in `data` answers. Errors: kIo (nobody answers); what the service says is
/// wrong.
Result<ControlAnswer> ask_service(const std::filesystem::path& data, const ControlCall& call);

}  // namespace m3u_proxy::cli
