// ZstdSink: compresses what is written to it on its way to another sink (RFC 8878, with a checksum
// of the content).
#pragma once

#include <memory>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

/// Belongs to one thread. Without finish() the result is not whole, and a reader says so.
class ZstdSink final : public ByteSink {
 public:
  /// Reserves about 1 MB from `budget`. Both outlive it. Error: kOverBudget.
  static Result<std::unique_ptr<ZstdSink>> create(ByteSink& to, memory::Budget& budget);
  ~ZstdSink() override;

  /// Errors: of the other sink.
  Result<> write(std::string_view bytes) override;
  /// Writes what is left, once, at the end. Errors: of the other sink.
  Result<> finish();

 private:
  class State;
  explicit ZstdSink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace m3u_proxy::io
