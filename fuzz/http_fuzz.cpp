// Fuzz target: requests.
//
// Whatever the bytes and however they are cut into pieces, a request is taken or refused in the
// same way; a path that is taken never climbs; a range lies inside of its body; an address that is
// made of what a request says reads back as an address.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <m3u_proxy/http/forwarded.hpp>
#include <m3u_proxy/http/head_scanner.hpp>
#include <m3u_proxy/http/http_date.hpp>
#include <m3u_proxy/http/request_parser.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/http/target.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

class Text final : public BodyReceiver {
 public:
  std::optional<Refusal> receive(std::string_view bytes) override {
    text.append(bytes);
    return std::nullopt;
  }
  std::string text;
};

const Router& router() {
  static const Router* const kRouter = [] {
    auto* made = new Router;
    const auto nothing = [](Request&) { return Response(); };
    for (const char* pattern :
         {"/", "/a/{x}", "/a/b", "/a/{x}/c", "/{rest...}", "/list/{token}/list.txt"})
      for (const Method method : {Method::kGet, Method::kPost})
        require(made->add(method, pattern, nothing).has_value());
    return made;
  }();
  return *kRouter;
}

void look_at(const Request& request) {
  if (request.path != "*") {
    std::vector<Parameter> parameters;
    require(router().match(Method::kGet, request.path, parameters).route != nullptr);
    for (const Parameter& parameter : parameters)
      require(("/" + parameter.value + "/").find("/../") == std::string::npos);
  }
  static_cast<void>(query_value(request.query, "x"));
  const Validators validators{.etag = "\"v\"", .last_modified = 784111777};
  static_cast<void>(evaluate_conditions(request.method, request.headers, validators));
  const auto range = evaluate_range(request.headers, validators, 1000);
  if (range.kind == RangeAnswer::Kind::kPart)
    require(range.part.length > 0 && range.part.length <= 1000 &&
            range.part.offset <= 1000 - range.part.length);
  const auto date = parse_http_date(request.header("If-Modified-Since"));
  if (date) require(parse_http_date(format_http_date(*date)) == date);
  const AddressPolicy policy{.public_url = {},
                             .trusted_proxies = {*parse_cidr("10.0.0.0/8")},
                             .trust_local = true,
                             .allowed_hosts = {"*"},
                             .base_path = {}};
  const Arrival arrival{.peer = {}, .secure = false, .local_port = 8080};
  const auto address = base_address(request.headers, arrival, policy);
  if (address) require(parse_base_address(to_string(*address)) == *address);
  static_cast<void>(client_address(request.headers, arrival, policy));
}

/// All requests in `bytes` as text, up to the first that is refused; they come `piece` at a time.
std::string read_all(std::string_view bytes, std::size_t piece) {
  std::string read;
  while (!bytes.empty()) {
    HeadScanner scanner;
    auto state = HeadScanner::State::kMore;
    for (std::size_t come = 0; state == HeadScanner::State::kMore && come < bytes.size();) {
      come += std::min(piece, bytes.size() - come);
      state = scanner.scan(bytes.substr(0, come));
    }
    if (state == HeadScanner::State::kBad) return read + "bad";
    if (state == HeadScanner::State::kMore) return read + "more";
    RequestParser parser;
    Request request;
    const auto head = bytes.substr(scanner.skipped(), scanner.size() - scanner.skipped());
    if (const auto refusal = parser.parse_head(head, 50, request))
      return read + std::to_string(refusal->status);
    look_at(request);
    read.append(request.target).append(" ");
    bytes.remove_prefix(scanner.size());
    Text body;
    for (std::size_t come = 0; parser.has_body();) {
      if (come == bytes.size()) return read + body.text + "more";
      come += std::min(piece, bytes.size() - come);
      const auto progress = parser.parse_body(bytes.substr(0, come), body);
      if (progress.refusal) return read + "bad body";
      bytes.remove_prefix(progress.consumed);
      come -= progress.consumed;
    }
    read.append(body.text).append("\n");
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_all(text, SIZE_MAX);
  const std::string cut = read_all(text, 1);
  // A body that turns out to be wrong may have given some of its bytes before.
  require(whole == cut || whole.ends_with("bad body") == cut.ends_with("bad body"));
  return 0;
}
