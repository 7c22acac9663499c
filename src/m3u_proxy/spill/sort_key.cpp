#include <m3u_proxy/spill/sort_key.hpp>

namespace m3u_proxy::spill {
namespace {

// A field ends with a zero and a byte that is less than the one that follows a zero of its own.
constexpr std::string_view kEnd{"\0\x01", 2};
constexpr std::string_view kZero{"\0\xFF", 2};

}  // namespace

void SortKey::add_text(std::string_view text, SortOrder order) {
  const std::size_t begin = bytes_.size();
  for (std::size_t zero = text.find('\0'); zero != std::string_view::npos; zero = text.find('\0')) {
    bytes_ += text.substr(0, zero);
    bytes_ += kZero;
    text.remove_prefix(zero + 1);
  }
  bytes_ += text;
  bytes_ += kEnd;
  turn(begin, order);
}

void SortKey::add_number(std::uint64_t number, SortOrder order) {
  const std::size_t begin = bytes_.size();
  for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(number >> shift & 0xFFU);
  turn(begin, order);
}

void SortKey::turn(std::size_t from, SortOrder order) {
  if (order == SortOrder::kAscending) return;
  for (; from < bytes_.size(); ++from) bytes_[from] = static_cast<char>(~bytes_[from]);
}

}  // namespace m3u_proxy::spill
