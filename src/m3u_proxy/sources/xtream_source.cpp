// The part of SourceStore that knows Xtream accounts.
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>
#include <m3u_proxy/sources/xtream_loader.hpp>
#include <m3u_proxy/sources/xtream_reply.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr int kForbidden = 403;  // what many servers answer to those that ask too fast

SourceRequest request_for_url(const SourceRequest& request, const std::string& url) {
  SourceRequest out = request;
  out.location = url;
  return out;
}

}  // namespace

SourceStore::Stored SourceStore::get_xtream(const SourceRequest& request) {
  if (options_.budget == nullptr)
    return fail(ErrorCode::kInternal, "no memory was set apart for Xtream accounts");
  M3U_TRY(const XtreamAccount account, parse_xtream_url(trim(request.location)));
  const std::shared_ptr<RequestPace> pace = options_.paces->of(account.key());
  const auto in_turn = [&](const auto& ask) {
    decltype(ask()) result = fail(ErrorCode::kInternal, "not asked");
    const auto ran = pace->run(account.delay, options_.cancel, [&] { result = ask(); });
    if (!ran) result = fail(ran.error());
    return result;
  };
  if (request.wanted == SourceRequest::Wanted::kGuide) {
    const SourceRequest guide = request_for_url(request, account.guide_url());
    return in_turn([&] { return download(guide); });
  }
  const XtreamAccess access{
      .source = request.name,
      .budget = options_.budget,
      .get =
          [&](const std::string& url) {
            const SourceRequest reply = request_for_url(request, url);
            return in_turn([&] { return download_as(Content::kReply, reply); });
          },
      .fetch =
          [&](const std::string& url) {
            const SourceRequest reply = request_for_url(request, url);
            return in_turn([&] { return fetch_reply(reply); });
          },
      .cache = cache()};
  return load_xtream(account, access);
}

net::FetchOptions SourceStore::reply_options() const {
  net::FetchOptions options = options_.fetch;
  options.also_temporary = kForbidden;
  return options;
}

Result<> SourceStore::check_reply(const SourceRequest& request,
                                  const std::shared_ptr<io::TempFile>& reply,
                                  const CachedCopy& copy) const {
  // What has been so for days is so.
  constexpr std::int64_t kBelievedAfter = std::int64_t{3} * 24 * 3600;
  if (now() - copy.confirmed > kBelievedAfter) return {};
  const Asked asked = request.location.contains("&action=") ? Asked::kList : Asked::kAccount;
  M3U_TRY(const bool has_some,
          has_records(io::make_temp_file_source(reply), *options_.budget, asked));
  if (has_some) return {};
  M3U_TRY(const bool had_some, has_records(copy.open(), *options_.budget, asked));
  if (!had_some) return {};
  constexpr std::size_t kShown = 80;
  return fail(
      ErrorCode::kParse,
      fmt::format("nothing is in what {} gives, where there was something before",
                  excerpt(redact_url(request.location), kShown)),
      "after three days it is believed; leave that kind out of the account's address to have "
      "it so at once");
}

Result<std::shared_ptr<io::TempFile>> SourceStore::fetch_reply(const SourceRequest& request) {
  M3U_TRY(std::shared_ptr<io::TempFile> file, new_file());
  M3U_TRY(net::FetchResult fetched, net::fetch({.url = request.location,
                                                .user_agent = request.user_agent,
                                                .headers = request.headers},
                                               reply_options(), *file, options_.cancel));
  if (fetched.deflated) {
    M3U_TRY(file, inflated(file, fetched));
  }
  if (fetched.partial) return fail(std::move(fetched.broken));
  count_spill(fetched.bytes);
  return file;
}

}  // namespace m3u_proxy::sources
