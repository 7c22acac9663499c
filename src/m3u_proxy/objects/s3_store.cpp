#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/objects/s3_listing.hpp>
#include <m3u_proxy/objects/s3_store.hpp>

namespace m3u_proxy::objects {
namespace {

using std::chrono::milliseconds;

constexpr long kOk = 200;
constexpr long kPartial = 206;
constexpr long kNoContent = 204;
constexpr long kMoved = 301;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
constexpr long kTimeout = 408;
constexpr long kRangeEnd = 416;
constexpr long kTooMany = 429;
constexpr long kServerError = 500;
constexpr std::size_t kMostListed = std::size_t{8} << 20U;
constexpr milliseconds kLook{100};
constexpr unsigned kHttpPort = 80;
constexpr unsigned kHttpsPort = 443;
constexpr std::string_view kTooSkewed = "RequestTimeTooSkewed";
constexpr std::string_view kOtherRegion = "AuthorizationHeaderMalformed";
/// Of nothing.
constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

bool is_success(long status) { return status == kOk || status == kNoContent || status == kPartial; }
bool may_pass(long status) {
  return status >= kServerError || status == kTooMany || status == kTimeout;
}
/// Asleep, but for the token.
void pause(milliseconds time, const CancelToken& cancel) {
  for (; time > milliseconds() && !cancel.cancelled(); time -= kLook)
    std::this_thread::sleep_for(std::min(time, kLook));
}

}  // namespace

S3Store::S3Store(Options options, std::string host, std::string place)
    : options_(std::move(options)), host_(std::move(host)), place_(std::move(place)) {
  if (!options_.now)
    options_.now = [] {
      return std::chrono::duration_cast<std::chrono::seconds>(
                 std::chrono::system_clock::now().time_since_epoch())
          .count();
    };
}

Result<std::unique_ptr<S3Store>> S3Store::open(Options options) {
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  const std::size_t scheme_end = options.endpoint.find("://");
  const auto origin = net::origin_of(options.endpoint);
  if (!origin || !origin->user_info.empty() ||
      options.endpoint.find('/', scheme_end + 3) != std::string::npos)
    return fail(ErrorCode::kConfig, "service.s3_endpoint is no address of an object store",
                "such as \"https://s3.example.org\" or \"http://minio:9000\"");
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty())
    return fail(ErrorCode::kConfig, "an object store needs s3_access_key and s3_secret_key",
                "set M3U_PROXY_SERVICE__S3_ACCESS_KEY and M3U_PROXY_SERVICE__S3_SECRET_KEY");
  std::string host = options.endpoint.substr(scheme_end + 3);
  // libcurl leaves the scheme's own port out of the Host header, which is signed.
  if (origin->port == (origin->https ? kHttpsPort : kHttpPort) && !host.ends_with(']'))
    host.erase(std::min(host.rfind(':'), host.size()));
  std::string prefix = options.prefix;
  if (prefix.ends_with('/')) prefix.pop_back();
  std::string place = fmt::format("s3://{}{}{}", options.bucket, prefix.empty() ? "" : "/", prefix);
  return std::unique_ptr<S3Store>(
      new S3Store(std::move(options), std::move(host), std::move(place)));
}

S3Request S3Store::request(std::string method, std::string_view key) const {
  const std::string name = key.empty() ? std::string() : options_.prefix + std::string(key);
  return {.method = std::move(method),
          .host = host_,
          .path = fmt::format("/{}{}{}", s3_encoded(options_.bucket), name.empty() ? "" : "/",
                              s3_encoded(name, "/")),
          .payload_hash = std::string(kEmptyHash)};
}

Result<net::HttpReply> S3Store::send(Attempt attempt) {
  M3U_TRY(auto lines, s3_signed_headers(attempt.signed_part, options_.credentials,
                                        options_.now() + clock_offset_));
  const std::string query = s3_query(attempt.signed_part.query);
  attempt.call.method = attempt.signed_part.method;
  attempt.call.url = fmt::format("{}{}{}{}", options_.endpoint, attempt.signed_part.path,
                                 query.empty() ? "" : "?", query);
  attempt.call.header_lines = std::move(lines);
  if (options_.guard) attempt.call.guard = options_.guard();
  return net::call(attempt.call);
}

void S3Store::follow_clock(const net::HttpReply& reply) {
  if (!reply.date) return;
  const std::int64_t offset = *reply.date - options_.now();
  log::warn("depot", "the clock of this machine is wrong: {} is {} s {}; it is followed", place_,
            std::abs(offset), offset > 0 ? "ahead" : "behind");
  clock_offset_ = offset;
}

Error S3Store::refused(std::string_view what, const net::HttpReply& reply) const {
  const std::string code = s3_element(reply.error, "Code");
  const std::string message = s3_element(reply.error, "Message");
  Error error{.code = reply.status == kNotFound ? ErrorCode::kNotFound : ErrorCode::kNetwork,
              .message = fmt::format("{}: {}: {}{}{}{}{}", place_, what, reply.status,
                                     code.empty() ? "" : " ", excerpt(code),
                                     message.empty() ? "" : ": ", excerpt(message))};
  if (code == "NoSuchBucket") {
    error.code = ErrorCode::kNetwork;
    error.hint = "make the bucket, or name another with [service] snapshots";
  } else if (reply.status == kMoved || code == kOtherRegion) {
    const std::string region = s3_element(reply.error, "Region");
    error.hint = region.empty()
                     ? "the bucket is in another region: look at s3_region and s3_endpoint"
                     : fmt::format("look at s3_region: the bucket is in {}", excerpt(region));
  } else if (reply.status == kForbidden) {
    error.hint = code == kTooSkewed
                     ? "set this machine's clock"
                     : "look at s3_access_key, s3_secret_key and s3_region, and at what "
                       "the key may do in the bucket";
  } else if (may_pass(reply.status)) {
    error.hint = "it is tried again";
  }
  return error;
}

Result<net::HttpReply> S3Store::perform(std::string_view what, const std::function<Attempt()>& make,
                                        const CancelToken* cancel) {
  cancel = token(cancel);
  milliseconds wait = options_.first_pause;
  bool clock_followed = false;
  for (int attempt = 1;; ++attempt) {
    if (cancel->cancelled()) return fail(ErrorCode::kCancelled, "sharing a snapshot was cancelled");
    Attempt now = make();
    now.call.cancel = cancel;
    const long also_good = now.also_good;
    auto reply = send(std::move(now));
    if (reply && (is_success(reply->status) || reply->status == also_good)) return reply;
    const bool again = reply ? may_pass(reply->status) : reply.error().code == ErrorCode::kNetwork;
    if (reply && reply->error.find(kTooSkewed) != std::string::npos && !clock_followed) {
      clock_followed = true;
      follow_clock(*reply);
      continue;
    }
    if (!again || attempt >= options_.tries)
      return reply ? Result<net::HttpReply>(fail(refused(what, *reply))) : reply;
    pause(wait, *cancel);
    wait = std::min(wait * 2, options_.longest_pause);
  }
}

Result<> S3Store::put(std::string_view key, const Content& content, const CancelToken* cancel) {
  M3U_CHECK(check_key(key));
  M3U_TRY(const std::string hash, sha256_of(content, token(cancel)));
  std::uint64_t offset = 0;
  const auto make = [&] {
    offset = 0;
    Attempt attempt{.signed_part = request("PUT", key), .call = {}};
    attempt.signed_part.payload_hash = hash;
    attempt.call.upload_bytes = content.bytes;
    attempt.call.upload = [&](std::span<char> buffer) -> Result<std::size_t> {
      M3U_TRY(const std::size_t size, content.read(offset, buffer));
      offset += size;
      return size;
    };
    return attempt;
  };
  M3U_CHECK(perform(fmt::format("putting {}", key), make, cancel));
  return {};
}

Result<> S3Store::get(std::string_view key, io::ByteSink& to, const CancelToken* cancel) {
  M3U_CHECK(check_key(key));
  std::uint64_t got = 0;
  std::uint64_t at = 0;  // of the next byte of this try
  const auto make = [&] {
    Attempt attempt{.signed_part = request("GET", key), .call = {}};
    at = 0;
    if (got > 0) {
      attempt.signed_part.headers.emplace_back("range", fmt::format("bytes={}-", got));
      attempt.also_good = kRangeEnd;  // it had come whole
    }
    attempt.call.on_body = [&](const net::HttpReply& reply, std::string_view bytes) -> Result<> {
      if (at == 0 && reply.status == kPartial) at = got;
      // A store that knows no ranges begins anew: what is there already is skipped.
      const std::uint64_t known = std::min<std::uint64_t>(got - std::min(got, at), bytes.size());
      at += bytes.size();
      bytes.remove_prefix(known);
      got += bytes.size();
      return to.write(bytes);
    };
    return attempt;
  };
  M3U_CHECK(perform(fmt::format("getting {}", key), make, cancel));
  return {};
}

Result<std::vector<StoredObject>> S3Store::list(std::string_view prefix) {
  std::vector<StoredObject> objects;
  std::string next;
  do {
    std::string xml;
    const auto make = [&] {
      xml.clear();
      Attempt attempt{.signed_part = request("GET", ""), .call = {}};
      attempt.signed_part.query = {{"list-type", "2"},
                                   {"prefix", options_.prefix + std::string(prefix)}};
      if (!next.empty()) attempt.signed_part.query.emplace_back("continuation-token", next);
      if (options_.page != 0)
        attempt.signed_part.query.emplace_back("max-keys", std::to_string(options_.page));
      attempt.call.on_body = [&](const net::HttpReply&, std::string_view bytes) -> Result<> {
        if (xml.size() + bytes.size() > kMostListed)
          return fail(ErrorCode::kParse, "the object store's list is too long for a page");
        xml += bytes;
        return {};
      };
      return attempt;
    };
    M3U_CHECK(perform(fmt::format("listing {}", prefix), make, nullptr));
    M3U_TRY(S3Listing page, parse_s3_listing(xml, options_.prefix));
    std::ranges::move(page.objects, std::back_inserter(objects));
    next = std::move(page.next);
  } while (!next.empty());
  std::ranges::sort(objects, {}, &StoredObject::key);
  return objects;
}

Result<> S3Store::remove(std::string_view key) {
  M3U_CHECK(check_key(key));
  const auto make = [&] { return Attempt{.signed_part = request("DELETE", key), .call = {}}; };
  const auto reply = perform(fmt::format("removing {}", key), make, nullptr);
  if (!reply && reply.error().code != ErrorCode::kNotFound) return fail(reply.error());
  return {};
}

}  // namespace m3u_proxy::objects
