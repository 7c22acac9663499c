#include <utility>

#include <m3u_proxy/http/responder.hpp>
#include <m3u_proxy/http/response.hpp>

namespace m3u_proxy::http {

Responder& Responder::operator=(Responder&& other) noexcept {
  Responder old(std::exchange(pending_, std::move(other.pending_)));
  return *this;
}

Responder::~Responder() {
  if (pending_) send(text_response(500, "no answer was made\n"));
}

void Responder::send(Response response) {
  if (const auto pending = std::exchange(pending_, nullptr)) pending->answer(std::move(response));
}

}  // namespace m3u_proxy::http
