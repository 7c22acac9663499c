// FilledFile: a published file with values in place of its placeholders, as an answer's body.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/body.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/snapshots/placeholders.hpp>

namespace m3u_proxy::outputs {

using snapshots::PlaceCount;
using snapshots::Placeholders;

/// Needs memory for one block of the file (kPlaceBlock) with its values until the last one that has
/// a placeholder is sent; of the rest the kernel sends all by itself. Belongs to one thread.
class FilledFile final : public http::Body {
 public:
  /// What a file needs; all are shared with the other senders of the file. `counts` are those of
  /// the file's content.
  struct Content {
    std::shared_ptr<const io::Descriptor> file;
    std::uint64_t size = 0;
    std::shared_ptr<const std::vector<PlaceCount>> counts;
  };
  /// Reserves (Tag::kHttp) what it needs. Error: kOverBudget.
  static Result<std::unique_ptr<FilledFile>> open(memory::Budget& budget, Content content,
                                                  std::shared_ptr<const Placeholders> placeholders,
                                                  Placeholders values);

  [[nodiscard]] std::uint64_t size() const override { return filled_size_; }
  Result<http::Piece> next() override;

 private:
  FilledFile(Content content, std::shared_ptr<const Placeholders> placeholders,
             Placeholders values);
  [[nodiscard]] std::size_t largest_block() const;
  [[nodiscard]] bool has_places(std::size_t block) const;
  Result<http::Piece> next_range();
  Result<http::Piece> next_filled();

  Content content_;
  std::shared_ptr<const Placeholders> placeholders_;
  Placeholders values_;
  std::uint64_t filled_size_;
  std::uint64_t offset_ = 0;  // of the file
  std::string filled_;
  memory::Reservation room_;  ///< for it
};

}  // namespace m3u_proxy::outputs
