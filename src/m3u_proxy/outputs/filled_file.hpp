// FilledFile: a published file with values in place of its placeholders, as an answer's body.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/body.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/snapshots/placeholders.hpp>

namespace m3u_proxy::outputs {

using snapshots::PlaceCount;
using snapshots::Placeholders;

/// Needs up to four times kPlaceBlock of memory while it is sent. Belongs to one thread.
class FilledFile final : public http::Body {
 public:
  /// All are shared with the other senders of the file. `counts` are those of the file's content.
  FilledFile(std::shared_ptr<const io::Descriptor> file, std::uint64_t size,
             std::shared_ptr<const std::vector<PlaceCount>> counts,
             std::shared_ptr<const Placeholders> placeholders, Placeholders values);

  [[nodiscard]] std::uint64_t size() const override { return filled_size_; }
  Result<http::Piece> next() override;

 private:
  [[nodiscard]] bool has_places(std::size_t block) const;
  Result<http::Piece> next_range();
  Result<http::Piece> next_filled();

  std::shared_ptr<const io::Descriptor> file_;
  std::uint64_t size_;
  std::shared_ptr<const std::vector<PlaceCount>> counts_;
  std::shared_ptr<const Placeholders> placeholders_;
  Placeholders values_;
  std::uint64_t filled_size_;
  std::uint64_t offset_ = 0;  // of the file
  std::string raw_;
  std::string filled_;
};

}  // namespace m3u_proxy::outputs
