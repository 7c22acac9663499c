#include <algorithm>
#include <memory>
#include <string>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/logo_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/outputs/logo_picture.hpp>

namespace m3u_proxy::api {
namespace {

void write_logo(Json& json, const store::Logo& logo) {
  json.begin_object();
  id_member(json, "id", logo.id);
  json.member("name", std::string_view(logo.name))
      .member("logo", std::string_view(std::string(catalog::kLogoHelper) + to_string(logo.id)))
      .member("type", std::string_view(logo.mime))
      .member("bytes", logo.bytes);
  time_member(json, "created", logo.created);
  json.end_object();
}

std::string logo_json(const store::Logo& logo) {
  std::string text;
  Json json(text);
  write_logo(json, logo);
  return text;
}

Outcome<store::Logo> find_logo(const ApiContext& context, const Call& call) {
  M3U_TRY(const Uuid id, path_id(call.request));
  M3U_TRY(const auto found, context.logos.find(id));
  if (!found) return problem(404, "there is no such logo");
  return *found;
}

Answer list_logos(const ApiContext& context) {
  M3U_TRY(const auto all, context.logos.list());
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const store::Logo& logo : all) write_logo(json, logo);
  json.end_array().key("next_cursor").null().member("total", all.size()).end_object();
  return json_answer(std::move(text));
}

/// Whatever it is called: what it is, is told by its bytes.
bool may_be_picture(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return type.empty() || starts_with_ascii_case(type, "image/") ||
         equals_ascii_case(type, "application/octet-stream");
}

Answer create_logo(const ApiContext& context, Call& call) {
  if (!may_be_picture(call.request.header("Content-Type")))
    return problem(415, "this takes a picture", "send it as it is, with Content-Type: image/png");
  const auto name = http::query_value(call.request.query, "name");
  if (!name || !logos::LogoLibrary::is_name(*name))
    return field_problem("name", name ? "invalid" : "required",
                         "name has to be a line of 1 to 200 bytes");
  if (logos::picture_type(call.request.body).empty())
    return problem(422, "this is no picture",
                   "PNG, JPEG, GIF, WebP, AVIF, BMP, ICO and SVG are pictures");
  M3U_TRY(const store::Logo logo, context.logos.add(*name, call.request.body, context.clock()));
  M3U_CHECK(
      record(context, call,
             {.action = "logos.create", .target = to_string(logo.id), .after = logo_json(logo)}));
  auto response = json_answer(logo_json(logo), 201);
  response.add("Location", "logos/" + to_string(logo.id));
  return response;
}

Answer get_logo(const ApiContext& context, Call& call) {
  M3U_TRY(const store::Logo logo, find_logo(context, call));
  M3U_TRY(const logos::LogoFile picture, context.logos.open(logo.id));
  return outputs::picture_response(call.request, picture);
}

Answer erase_logo(const ApiContext& context, Call& call) {
  M3U_TRY(const store::Logo logo, find_logo(context, call));
  M3U_CHECK(context.logos.remove(logo.id));
  M3U_CHECK(
      record(context, call,
             {.action = "logos.remove", .target = to_string(logo.id), .before = logo_json(logo)}));
  return http::empty_response();
}

}  // namespace

Result<> add_logo_routes(Operations& operations, const ApiContext& context) {
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/logos", {.id = "listLogos"},
                           [&context](Call&) { return list_logos(context); }));
  M3U_CHECK(operations.add(
      kPost, "/logos",
      {.id = "createLogo", .least = Role::kEditor, .body_limit = logos::kLargestLogo},
      [&context](Call& call) { return create_logo(context, call); }));
  M3U_CHECK(operations.add(kGet, "/logos/{id}", {.id = "getLogo"},
                           [&context](Call& call) { return get_logo(context, call); }));
  return operations.add(kDelete, "/logos/{id}", {.id = "removeLogo", .least = Role::kEditor},
                        [&context](Call& call) { return erase_logo(context, call); });
}

}  // namespace m3u_proxy::api
