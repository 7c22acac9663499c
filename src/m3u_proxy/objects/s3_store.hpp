// S3Store: objects in a bucket of Amazon S3 or a compatible store (MinIO, Ceph, Garage …),
// addressed by path: ENDPOINT/BUCKET/PREFIX/KEY.
//
// A body is hashed before it is sent, so a put that arrives damaged or in part is refused by the
// store. What may pass (503 SlowDown and other 5xx, 429, the network) is tried again after growing
// pauses; a get goes on where it broke off. When the store finds our clock wrong, requests are
// signed by its clock, and the log says by how much ours differs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <m3u_proxy/net/http_call.hpp>
#include <m3u_proxy/objects/object_store.hpp>
#include <m3u_proxy/objects/s3_signature.hpp>

namespace m3u_proxy::objects {

class S3Store final : public ObjectStore {
 public:
  struct Options {
    std::string endpoint;  ///< "https://host:port", without a path
    std::string bucket;
    std::string prefix;  ///< "" or "a/b/"
    S3Credentials credentials;
    int tries = 6;                               ///< of one request, ≥ 1
    std::chrono::milliseconds first_pause{250};  ///< doubled for each further try
    std::chrono::milliseconds longest_pause{4000};
    std::function<std::int64_t()> now{};  ///< Unix seconds; empty: the system's clock
    unsigned page = 0;                    ///< most objects that one answer lists; 0: the store's
    /// Whom it may connect to, asked for each request; empty, or nullptr from it: anybody.
    std::function<std::shared_ptr<const net::AddressGuard>()> guard{};
  };
  /// Error: kConfig (an endpoint that is no address; a key is missing).
  static Result<std::unique_ptr<S3Store>> open(Options options);

  Result<> put(std::string_view key, const Content& content, const CancelToken* cancel) override;
  Result<> get(std::string_view key, io::ByteSink& to, const CancelToken* cancel) override;
  Result<std::vector<StoredObject>> list(std::string_view prefix) override;
  Result<> remove(std::string_view key) override;
  [[nodiscard]] std::string_view place() const override { return place_; }
  /// HTTP's Host of the requests, which is signed: without the port where it is the scheme's own.
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  /// What one try is, as it is made anew for each.
  struct Attempt {
    S3Request signed_part;
    net::HttpCall call;
    long also_good = 0;  ///< a status that is a success too
  };
  S3Store(Options options, std::string host, std::string place);
  [[nodiscard]] S3Request request(std::string method, std::string_view key) const;
  /// Performs what `make` makes until it succeeds or cannot. Errors: kNotFound (404), those of
  /// ObjectStore.
  Result<net::HttpReply> perform(std::string_view what, const std::function<Attempt()>& make,
                                 const CancelToken* cancel);
  Result<net::HttpReply> send(Attempt attempt);
  [[nodiscard]] Error refused(std::string_view what, const net::HttpReply& reply) const;
  void follow_clock(const net::HttpReply& reply);

  Options options_;
  std::string host_;
  std::string place_;
  std::atomic<std::int64_t> clock_offset_{0};  ///< seconds that the store's clock is ahead of ours
};

}  // namespace m3u_proxy::objects
