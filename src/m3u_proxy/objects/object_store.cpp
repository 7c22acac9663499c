#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/objects/object_store.hpp>

namespace m3u_proxy::objects {
namespace {

constexpr std::size_t kLongestKey = 512;

class TextSink final : public io::ByteSink {
 public:
  TextSink(std::string_view key, std::size_t most) : key_(key), most_(most) {}
  Result<> write(std::string_view bytes) override {
    if (text_.size() + bytes.size() > most_)
      return fail(ErrorCode::kParse, fmt::format("{} is too large", key_));
    text_.append(bytes);
    return {};
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string_view key_;
  std::size_t most_;
  std::string text_;
};

bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

Content content_of(std::string_view text) {
  return {.bytes = text.size(),
          .read = [text](std::uint64_t offset, std::span<char> buffer) -> Result<std::size_t> {
            const std::string_view rest =
                text.substr(std::min<std::uint64_t>(offset, text.size())).substr(0, buffer.size());
            std::memcpy(buffer.data(), rest.data(), rest.size());
            return rest.size();
          }};
}

Content content_of(const io::Descriptor& file, std::uint64_t bytes, std::string name) {
  return {.bytes = bytes,
          .read = [fd = file.get(), bytes, what = "cannot read " + std::move(name)](
                      std::uint64_t offset, std::span<char> buffer) -> Result<std::size_t> {
            const std::uint64_t rest = bytes - std::min(offset, bytes);
            const std::size_t size = std::min<std::uint64_t>(rest, buffer.size());
            if (size == 0) return 0;
            return io::read_some_at(fd, offset, buffer.first(size), what);
          }};
}

bool is_key(std::string_view text) {
  if (text.size() > kLongestKey) return false;
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_name(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

Result<> check_key(std::string_view key) {
  if (is_key(key)) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no key", excerpt(key)));
}

Result<std::string> get_text(ObjectStore& store, std::string_view key, std::size_t most) {
  TextSink sink(key, most);
  M3U_CHECK(store.get(key, sink, nullptr));
  return sink.take();
}

}  // namespace m3u_proxy::objects
