#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>
#include <sys/random.h>

#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/web/assets.hpp>
#include <m3u_proxy/web/ui_routes.hpp>
#include <m3u_proxy/web/unpack.hpp>

namespace m3u_proxy::web {
namespace {

using http::Request;
using http::Response;

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kNoncePlace = "%NONCE%";
constexpr std::string_view kHashedFolder = "assets/";
constexpr std::chrono::seconds kTryAgain{2};

/// An asset as it is in the program: nothing is copied.
class PackedBody final : public http::Body {
 public:
  explicit PackedBody(std::string_view bytes) : size_(bytes.size()), rest_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<http::Piece> next() override { return std::exchange(rest_, {}); }

 private:
  std::uint64_t size_;
  std::string_view rest_;
};

const Asset* find_asset(std::string_view path) {
  const auto all = assets();
  const auto at = std::ranges::lower_bound(all, path, {}, &Asset::path);
  return at != all.end() && at->path == path ? &*at : nullptr;
}

std::string_view type_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
  }};
  for (const auto& [ending, type] : kTypes)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

/// Whether "gzip" or "*" is in Accept-Encoding with a weight other than 0 (RFC 9110 §12.5.3).
bool takes_gzip(const Request& request) {
  bool takes = false;
  http::for_each_element(request.headers, "Accept-Encoding", [&](std::string_view element) {
    const std::size_t semicolon = element.find(';');
    const std::string_view coding = trim(element.substr(0, semicolon));
    if (!equals_ascii_case(coding, "gzip") && coding != "*") return;
    std::string_view weight =
        semicolon == std::string_view::npos ? "" : trim(element.substr(semicolon + 1));
    takes = !(weight.starts_with("q=0") &&
              weight.find_first_of("123456789", 3) == std::string_view::npos);
  });
  return takes;
}

Result<std::string> new_nonce() {
  std::array<std::uint8_t, 16> bytes{};
  // So few bytes come whole or not at all.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail(system_error("cannot make a nonce", errno));
  std::string text;
  for (const std::uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

/// Logos come from anywhere; everything else only from here.
std::string policy_with(std::string_view nonce) {
  return fmt::format(
      "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; "
      "img-src 'self' data: http: https:; connect-src 'self'; manifest-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      nonce);
}

Response failure(const Error& error) {
  log::warn("web", "{}", to_string(error));
  if (error.code == ErrorCode::kOverBudget)
    return http::retry_response(503, kTryAgain, "busy, try again");
  return http::text_response(kind_of(error.code).http_status, "this cannot be served at present\n");
}

Response send_page(const UiContext& context, const Request& request) {
  const Asset* const page = find_asset(kPage);
  if (page == nullptr) return http::text_response(404, "This program has no web interface.\n");
  const http::Validators validators{.etag = fmt::format("\"{}\"", page->hash),
                                    .last_modified = std::nullopt};
  constexpr std::string_view kFields =
      "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: "
      "no-referrer\r\n";
  // What a browser kept goes on with the policy that it kept, and so with that nonce.
  if (http::evaluate_conditions(request.method, request.headers, validators) ==
      http::Condition::kNotModified) {
    Response response = http::empty_response();
    response.status = 304;
    response.fields = kFields;
    response.add("ETag", validators.etag);
    return response;
  }
  memory::Reservation room;
  auto text = unpack(page->packed, context.budget, room);
  if (!text) return failure(text.error());
  const auto nonce = new_nonce();
  if (!nonce) return failure(nonce.error());
  for (std::size_t at = text->find(kNoncePlace); at != std::string::npos;
       at = text->find(kNoncePlace, at))
    text->replace(at, kNoncePlace.size(), *nonce);
  Response response = http::text_response(200, *std::move(text), type_of(kPage));
  response.fields += kFields;
  response.add("ETag", validators.etag);
  response.add("Content-Security-Policy", policy_with(*nonce));
  response.reservation = std::move(room);
  return response;
}

Response send_asset(const UiContext& context, const Request& request) {
  const std::string_view path = request.parameter("path");
  const Asset* const asset = path == kPage ? nullptr : find_asset(path);
  if (asset == nullptr)
    return http::text_response(404,
                               "There is no such file in this version: load the page again.\n");
  const bool packed = takes_gzip(request);
  http::Representation representation{
      .validators = {.etag = fmt::format("\"{}{}\"", asset->hash, packed ? "-gz" : ""),
                     .last_modified = std::nullopt},
      .type = std::string(type_of(path)),
      .fields = fmt::format(
          "Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n"
          "Cache-Control: {}\r\n{}",
          path.starts_with(kHashedFolder) ? "public, max-age=31536000, immutable" : "no-cache",
          packed ? "Content-Encoding: gzip\r\n" : ""),
      .body = nullptr};
  if (packed) {
    representation.body = std::make_unique<PackedBody>(asset->packed);
    return http::representation_response(request, std::move(representation));
  }
  memory::Reservation room;
  auto text = unpack(asset->packed, context.budget, room);
  if (!text) return failure(text.error());
  auto body = std::make_unique<http::PieceList>();
  body->add(*std::move(text));
  representation.body = std::move(body);
  Response response = http::representation_response(request, std::move(representation));
  response.reservation = std::move(room);
  return response;
}

/// Where the page is, relative to what was asked for: "/tv/" leads to "ui/", "/tv" to "tv/ui/".
Response lead_to_page(const Request& request, std::string_view page) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  const std::string_view last = path.substr(path.rfind('/') + 1);
  if (last.empty() || last == "ui") return http::redirect_response(page);
  return http::redirect_response(fmt::format("{}/{}", last, page));
}

}  // namespace

Result<> add_ui_routes(http::Router& router, const UiContext& context) {
  using http::Method;
  const http::RouteOptions door{.door = "ui"};
  for (const std::string_view from : {"/", "/ui"})
    M3U_CHECK(router.add(
        Method::kGet, from, [](Request& request) { return lead_to_page(request, "ui/"); }, door));
  M3U_CHECK(router.add(
      Method::kGet, "/ui/", [context](Request& request) { return send_page(context, request); },
      door));
  return router.add(
      Method::kGet, "/ui/{path...}",
      [context](Request& request) { return send_asset(context, request); }, door);
}

}  // namespace m3u_proxy::web
