#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/monitoring/alert_channels.hpp>
#include <m3u_proxy/net/post.hpp>

namespace m3u_proxy::monitoring {
namespace {

std::shared_ptr<const net::AddressGuard> ask(const Guard& guard) {
  return guard ? guard() : nullptr;
}

class Webhook final : public AlertChannel {
 public:
  Webhook(std::string url, Guard guard) : url_(std::move(url)), guard_(std::move(guard)) {}
  [[nodiscard]] std::string_view name() const override { return "webhook"; }
  Result<> send(const Message& message, const CancelToken& cancel) override {
    std::string body;
    JsonWriter(body)
        .begin_object()
        .member("state", message.is_over ? std::string_view("over") : std::string_view("begun"))
        .member("kind", std::string_view(message.alert.kind))
        .member("about", std::string_view(message.alert.about))
        .member("text", std::string_view(message.alert.text))
        .member("time", std::string_view(format_rfc3339(message.time)))
        .end_object();
    return net::post({.url = url_, .body = body, .type = "application/json", .guard = ask(guard_)},
                     &cancel);
  }

 private:
  std::string url_;
  Guard guard_;
};

class Ntfy final : public AlertChannel {
 public:
  Ntfy(std::string url, Guard guard) : url_(std::move(url)), guard_(std::move(guard)) {}
  [[nodiscard]] std::string_view name() const override { return "ntfy"; }
  Result<> send(const Message& message, const CancelToken& cancel) override {
    return net::post({.url = url_,
                      .body = message.alert.text,
                      .type = "text/plain; charset=utf-8",
                      .headers = {{"Title", "m3u-proxy: " + message.title()},
                                  {"Tags", message.is_over ? "white_check_mark" : "warning"}},
                      .guard = ask(guard_)},
                     &cancel);
  }

 private:
  std::string url_;
  Guard guard_;
};

class Mail final : public AlertChannel {
 public:
  Mail(std::string url, std::string from, std::vector<std::string> to, Guard guard)
      : url_(std::move(url)),
        from_(std::move(from)),
        to_(std::move(to)),
        guard_(std::move(guard)) {}
  [[nodiscard]] std::string_view name() const override { return "mail"; }
  Result<> send(const Message& message, const CancelToken& cancel) override {
    return net::send_mail(
        {.url = url_, .guard = ask(guard_)},
        {.from = from_,
         .to = to_,
         .subject = "m3u-proxy: " + message.title(),
         .text = fmt::format("{}\n\n{}\n", message.alert.text, format_rfc3339(message.time)),
         .time = message.time},
        &cancel);
  }

 private:
  std::string url_;
  std::string from_;
  std::vector<std::string> to_;
  Guard guard_;
};

}  // namespace

std::unique_ptr<AlertChannel> webhook_channel(std::string url, Guard guard) {
  return std::make_unique<Webhook>(std::move(url), std::move(guard));
}

std::unique_ptr<AlertChannel> ntfy_channel(std::string url, Guard guard) {
  return std::make_unique<Ntfy>(std::move(url), std::move(guard));
}

std::unique_ptr<AlertChannel> mail_channel(std::string url, std::string from,
                                           std::vector<std::string> to, Guard guard) {
  return std::make_unique<Mail>(std::move(url), std::move(from), std::move(to), std::move(guard));
}

}  // namespace m3u_proxy::monitoring
