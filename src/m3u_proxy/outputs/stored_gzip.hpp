// StoredGzip: another body as a gzip file that is not compressed: what reads .gz can read it, and
// it needs no disk and next to no time. Source: RFC 1951 §3.2.4, RFC 1952.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <m3u_proxy/http/body.hpp>

namespace m3u_proxy::outputs {

/// Needs kMemory beside what the other body needs. Belongs to one thread.
class StoredGzip final : public http::Body {
 public:
  static constexpr std::uint64_t kMemory = std::uint64_t{64} << 10U;

  explicit StoredGzip(std::unique_ptr<http::Body> plain);

  [[nodiscard]] std::uint64_t size() const override;
  Result<http::Piece> next() override;

 private:
  Result<> append(std::size_t bytes);

  std::unique_ptr<http::Body> plain_;
  std::uint64_t plain_size_;
  std::uint64_t done_ = 0;  // of the plain bytes
  bool ended_ = false;
  std::uint32_t checksum_ = 0;
  http::Piece rest_;   // of a piece of plain_
  std::string block_;  // what is given out
};

}  // namespace m3u_proxy::outputs
