#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/outputs/cross_origin.hpp>
#include <m3u_proxy/outputs/output_routes.hpp>
#include <m3u_proxy/outputs/stored_gzip.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>

namespace m3u_proxy::outputs {
namespace {

using http::Request;
using http::Response;

constexpr std::string_view kPlaylistType = "audio/x-mpegurl; charset=utf-8";
constexpr std::string_view kGuideType = "application/xml; charset=utf-8";
constexpr std::string_view kGzipType = "application/gzip";
constexpr std::chrono::seconds kTryAgain{5};
/// Who waits for a file to be compressed is a connection, and those are limited.
constexpr std::uint32_t kMostWaiting = 65536;

Response not_found() {
  return http::text_response(
      404, "There is nothing here. The address may have changed: look it up in m3u-proxy.\n");
}

Response failure(const Error& error) {
  log::warn("outputs", "{}", to_string(error));
  if (error.code == ErrorCode::kOverBudget || error.code == ErrorCode::kCancelled)
    return http::retry_response(503, kTryAgain, "busy, try again\n");
  return http::text_response(kind_of(error.code).http_status, "this cannot be served at present\n");
}

/// What stands for the placeholders in an answer to this request; the error's answer otherwise.
std::expected<Placeholders, Response> values_for(const OutputContext& context,
                                                 const Request& request) {
  const auto base = http::base_address(
      request.headers,
      {.peer = request.peer, .secure = request.secure, .local_port = request.local_port},
      *context.addresses.get());
  if (!base) return std::unexpected(http::text_response(421, to_string(base.error()) + "\n"));
  return Placeholders{.base = http::to_string(*base),
                      .token = percent_encoded(request.parameter("door"))};
}

std::string etag_of(const PublishedFile& file, const Placeholders& values,
                    std::string_view suffix = {}) {
  const std::string text = fmt::format("{}\n{}", values.base, values.token);
  return fmt::format("\"{}-{:016x}{}\"", file.hash, XXH3_64bits(text.data(), text.size()), suffix);
}

/// Caches must not give one client's addresses to another.
constexpr std::string_view kFields =
    "Vary: Host, X-Forwarded-Host, X-Forwarded-Proto, X-Forwarded-Port, X-Forwarded-Prefix, "
    "Forwarded\r\nCache-Control: private, no-cache\r\nX-Content-Type-Options: nosniff\r\n";

Response send_file(const OutputContext& context, Request& request, std::string_view name,
                   std::string_view type) {
  const auto proxy = context.published.find(request.parameter("door"));
  if (!proxy) return not_found();
  if (!proxy->has_generation()) return not_made_yet();
  const PublishedFile* const file = proxy->file(name);
  if (file == nullptr) return not_found();
  auto values = values_for(context, request);
  if (!values) return std::move(values).error();
  http::Validators validators{.etag = etag_of(*file, *values), .last_modified = proxy->made()};
  auto body = FilledFile::open(
      context.budget, {.file = file->descriptor, .size = file->bytes, .counts = file->places},
      context.placeholders, *std::move(values));
  if (!body) return failure(body.error());
  return http::representation_response(request, {.validators = std::move(validators),
                                                 .type = std::string(type),
                                                 .fields = std::string(kFields),
                                                 .body = *std::move(body)});
}

/// The same file without compression, for when it cannot be compressed now: no disk is needed.
Response send_stored(const OutputContext& context, const Request& request,
                     const PublishedProxy& proxy, const PublishedFile& file,
                     const Placeholders& values) {
  auto room = context.budget.reserve(memory::Tag::kHttp, Bytes{StoredGzip::kMemory});
  if (!room) return failure(room.error());
  auto plain = FilledFile::open(
      context.budget, {.file = file.descriptor, .size = file.bytes, .counts = file.places},
      context.placeholders, values);
  if (!plain) return failure(plain.error());
  http::Validators validators{.etag = etag_of(file, values, "-gz0"), .last_modified = proxy.made()};
  Response response = http::representation_response(
      request, {.validators = std::move(validators),
                .type = std::string(kGzipType),
                .fields = std::string(kFields),
                .body = std::make_unique<StoredGzip>(*std::move(plain))});
  response.reservation = *std::move(room);
  return response;
}

void send_packed(const OutputContext& context, const std::shared_ptr<Request>& request,
                 CrossOriginResponder responder, std::string_view name) {
  const auto proxy = context.published.find(request->parameter("door"));
  if (!proxy) return responder.send(not_found());
  if (!proxy->has_generation()) return responder.send(not_made_yet());
  const PublishedFile* const file = proxy->file(name);
  if (file == nullptr) return responder.send(not_found());
  auto values = values_for(context, *request);
  if (!values) return responder.send(std::move(values).error());
  const auto answer = std::make_shared<CrossOriginResponder>(std::move(responder));
  const auto send = [context, request, answer, proxy, file,
                     values = *values](const Result<GzipVariants::File>& packed) {
    if (!packed) return answer->send(send_stored(context, *request, *proxy, *file, values));
    auto body = std::make_unique<http::PieceList>();
    body->add(packed->descriptor, 0, packed->bytes);
    http::Validators validators{.etag = etag_of(*file, values, "-gz"),
                                .last_modified = proxy->made()};
    answer->send(http::representation_response(*request, {.validators = std::move(validators),
                                                          .type = std::string(kGzipType),
                                                          .fields = std::string(kFields),
                                                          .body = std::move(body)}));
  };
  context.variants.get(proxy->id(), *file, context.placeholders, *std::move(values), send);
}

/// Without what Kodi's `|header=value` means to the player.
std::string_view without_suffix(std::string_view url) { return url.substr(0, url.find('|')); }

Response send_to_stream(const OutputContext& context, const Request& request) {
  const auto proxy = context.published.find(request.parameter("door"));
  std::string_view name = request.parameter("channel");
  // Players like to see an extension.
  name = name.substr(0, name.find('.'));
  const auto channel = parse_uuid(name);
  if (!proxy || !channel) return not_found();
  if (!proxy->has_generation()) return not_made_yet();
  const auto address = proxy->stream_address(*channel, context.budget, context.slabs);
  if (!address) return failure(address.error());
  if (!*address)
    return http::text_response(404, "This channel is not in the list any more: reload it.\n");
  Response response = http::redirect_response(without_suffix(**address), 302);
  response.add("Cache-Control", "no-store");
  return response;
}

}  // namespace

Response not_made_yet() {
  return http::retry_response(503, kTryAgain, "this is being made for the first time\n");
}

Result<> add_output_routes(http::Router& router, const OutputContext& context) {
  using http::Method;
  constexpr std::string_view kDoor = "{door}";
  const auto add = [&](const std::string& pattern, auto answer) -> Result<> {
    M3U_CHECK(add_preflight(router, pattern, context.addresses));
    return router.add(Method::kGet, pattern,
                      [context, answer](Request& request) {
                        Response response = answer(request);
                        allow_origin(*context.addresses.get(), request, response);
                        return response;
                      },
                      {.door = "outputs"});
  };
  const auto files = [&](std::string_view address, std::string_view name, std::string_view type) {
    return add(catalog::proxy_address({}, kDoor, address), [context, name, type](Request& request) {
      return send_file(context, request, name, type);
    });
  };
  const std::string playlist(catalog::kPlaylistName);
  const std::string guide(catalog::kGuideName);
  M3U_CHECK(files(playlist, snapshots::kPlaylistFile, kPlaylistType));
  M3U_CHECK(files(playlist + "8", snapshots::kPlaylistFile, kPlaylistType));
  M3U_CHECK(files(guide, snapshots::kGuideFile, kGuideType));
  const auto packed = [&](std::string_view address, std::string_view name) -> Result<> {
    const std::string pattern = catalog::proxy_address({}, kDoor, address);
    M3U_CHECK(add_preflight(router, pattern, context.addresses));
    return router.add_deferred(
        Method::kGet, pattern,
        [context, name](const std::shared_ptr<Request>& request, http::Responder responder) {
          send_packed(context, request, {context.addresses, request, std::move(responder)}, name);
        },
        {.door = "outputs", .in_flight = kMostWaiting});
  };
  M3U_CHECK(packed(playlist + ".gz", snapshots::kPlaylistFile));
  M3U_CHECK(packed(guide + ".gz", snapshots::kGuideFile));
  return add(catalog::stream_prefix({}, kDoor) + "{channel}",
             [context](Request& request) { return send_to_stream(context, request); });
}

}  // namespace m3u_proxy::outputs
