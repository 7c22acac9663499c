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

/// The requests for the replies of an account, and how far it is with all of them.
class Replies {
 public:
  explicit Replies(const SourceRequest& account) : account_(account) {}

  SourceRequest request_for(const std::string& url) {
    before_ += std::exchange(reply_, 0);
    SourceRequest out = account_;
    out.location = url;
    if (account_.on_progress)
      out.on_progress = [this](const FetchProgress& reply) {
        reply_ = reply.bytes;
        tell(reply.total);
      };
    return out;
  }
  void series(std::uint64_t done, std::uint64_t all) {
    before_ += std::exchange(reply_, 0);
    series_ = done;
    series_total_ = all;
    if (account_.on_progress) tell(0);
  }

 private:
  void tell(std::uint64_t total) const {
    account_.on_progress({.bytes = before_ + reply_,
                          .total = total == 0 ? 0 : before_ + total,
                          .series = series_,
                          .series_total = series_total_});
  }

  const SourceRequest& account_;
  std::uint64_t before_ = 0;  // bytes of the replies before this one
  std::uint64_t reply_ = 0;
  std::uint64_t series_ = 0;
  std::uint64_t series_total_ = 0;
};

}  // namespace

SourceStore::Stored SourceStore::get_xtream(const SourceRequest& request) {
  if (options_.budget == nullptr)
    return fail(ErrorCode::kInternal, "no memory was set apart for Xtream accounts");
  M3U_TRY(const XtreamAccount account,
          parse_xtream_url(trim(request.location), options_.folders.get()));
  const std::shared_ptr<RequestPace> pace = options_.paces->of(account.key());
  const auto in_turn = [&](const auto& ask) {
    decltype(ask()) result = fail(ErrorCode::kInternal, "not asked");
    const auto ran = pace->run(account.delay, options_.cancel, [&] { result = ask(); });
    if (!ran) result = fail(ran.error());
    return result;
  };
  Replies replies(request);
  if (request.wanted == SourceRequest::Wanted::kGuide) {
    const SourceRequest guide = replies.request_for(account.guide_url());
    return in_turn([&] { return download_as(Content::kAccountGuide, guide); });
  }
  const XtreamAccess access{
      .source = request.name,
      .budget = options_.budget,
      .get =
          [&](const std::string& url) {
            const SourceRequest reply = replies.request_for(url);
            return in_turn([&] { return download_as(Content::kReply, reply); });
          },
      .fetch =
          [&](const std::string& url) {
            const SourceRequest reply = replies.request_for(url);
            return in_turn([&] { return fetch_reply(reply); });
          },
      .on_series = [&](std::uint64_t done, std::uint64_t all) { replies.series(done, all); },
      .cache = cache(),
      .now = now()};
  return load_xtream(account, access);
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
  M3U_TRY(
      net::FetchResult fetched,
      net::fetch(
          {.url = request.location, .user_agent = request.user_agent, .headers = request.headers},
          fetch_options(Content::kReply, request), *file, options_.cancel));
  if (fetched.deflated) {
    M3U_TRY(file, inflated(file, fetched));
  }
  if (fetched.partial) return fail(std::move(fetched.broken));
  count_spill(fetched.bytes);
  return file;
}

}  // namespace m3u_proxy::sources
