#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/encoding.hpp>
#include <m3u_proxy/io/peeking_source.hpp>
#include <m3u_proxy/io/transcode.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kInputSize = std::size_t{64} << 10U;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
/// The longest character iconv writes at once, with room to spare.
constexpr std::size_t kSmallOutput = 64;

enum class Kind : std::uint8_t { kText, kXml };

class TranscodingSource final : public TextSource {
 public:
  TranscodingSource(std::unique_ptr<ByteSource> source, Kind kind, std::string_view encoding)
      : source_(std::move(source)), kind_(kind), encoding_(encoding) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (!started_) M3U_CHECK(start());
    if (!converter_) return source_.read(buffer);
    if (buffer.size() >= kSmallOutput) return read_converted(buffer);
    if (small_begin_ == small_.size()) {
      small_.resize(kSmallOutput);
      small_begin_ = 0;
      auto n = read_converted(small_);
      small_.resize(n ? *n : 0);
      if (!n) return n;
    }
    const std::size_t n = std::min(buffer.size(), small_.size() - small_begin_);
    std::memcpy(buffer.data(), small_.data() + small_begin_, n);
    small_begin_ += n;
    return n;
  }

  [[nodiscard]] std::uint64_t consumed() const override { return source_.consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_.size(); }
  [[nodiscard]] std::string_view encoding() const override { return encoding_; }
  [[nodiscard]] std::uint64_t replaced() const override { return replaced_; }
  [[nodiscard]] std::string_view note() const override { return note_; }

 private:
  Result<> start() {
    started_ = true;
    const std::string_view head = source_.peek(PeekingSource::kMaxPeek);
    if (const auto mark = find_byte_order_mark(head)) {
      encoding_ = mark->encoding;
      source_.skip(mark->size);
    } else if (kind_ == Kind::kXml) {
      look_at_xml(head);
    }
    if (encoding_.empty() || is_utf8_name(encoding_)) {
      encoding_ = kUtf8;
      return {};
    }
    auto converter = Converter::open(encoding_);
    if (!converter && kind_ == Kind::kXml) {
      note_ = fmt::format("the declared encoding '{}' is not known; read as UTF-8",
                          excerpt(encoding_, 40));
      encoding_ = kUtf8;
      return {};
    }
    if (!converter) return fail(std::move(converter).error());
    converter_ = *std::move(converter);
    input_.resize(kInputSize);
    return {};
  }

  void look_at_xml(std::string_view head) {
    if (head.starts_with("<\0"sv)) {
      encoding_ = "UTF-16LE";
    } else if (head.starts_with("\0<"sv)) {
      encoding_ = "UTF-16BE";
    } else {
      encoding_ = declared_xml_encoding(head);
      if (unit_size(encoding_) == 1) return;
      note_ = fmt::format("it declares {} but is not; read as UTF-8", excerpt(encoding_, 40));
      encoding_ = kUtf8;
    }
  }

  Result<std::size_t> read_converted(std::span<char> buffer) {
    std::span<char> output = buffer;
    while (output.size() == buffer.size()) {
      if (wants_input_) {
        if (ended_) break;
        M3U_CHECK(fill());
      }
      std::span<const char> input(input_.data() + begin_, end_ - begin_);
      const Converter::Stop stop = converter_->convert(input, output);
      begin_ = end_ - input.size();
      wants_input_ = stop == Converter::Stop::kInputEmpty || stop == Converter::Stop::kIncomplete;
      const bool cut_off = stop == Converter::Stop::kIncomplete && ended_;
      if (stop == Converter::Stop::kInvalid || cut_off) replace(output, cut_off);
    }
    return buffer.size() - output.size();
  }

  /// Puts U+FFFD for what is at the beginning of the input.
  void replace(std::span<char>& output, bool cut_off) {
    if (output.size() < kReplacement.size()) return;  // tried again with an empty buffer
    std::memcpy(output.data(), kReplacement.data(), kReplacement.size());
    output = output.subspan(kReplacement.size());
    begin_ = cut_off ? end_ : std::min(end_, begin_ + unit_size(encoding_));
    ++replaced_;
  }

  /// Moves what is left to the front and reads more behind it.
  Result<> fill() {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    M3U_TRY(const std::size_t n, source_.read(std::span(input_).subspan(end_)));
    end_ += n;
    ended_ = n == 0;
    wants_input_ = false;
    return {};
  }

  PeekingSource source_;
  Kind kind_;
  std::string encoding_;
  std::string note_;
  std::optional<Converter> converter_;  ///< none: the bytes pass through
  std::vector<char> input_;             ///< bytes to convert
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<char> small_;  ///< converted for a caller with a tiny buffer
  std::size_t small_begin_ = 0;
  std::uint64_t replaced_ = 0;
  bool started_ = false;
  bool wants_input_ = true;
  bool ended_ = false;
};

bool is_auto(std::string_view encoding) {
  return encoding.empty() || equals_ascii_case(encoding, "auto");
}

}  // namespace

Result<> check_encoding(std::string_view encoding) {
  if (is_auto(encoding) || is_utf8_name(encoding)) return {};
  if (auto converter = Converter::open(encoding); !converter)
    return fail(std::move(converter).error());
  return {};
}

Result<std::unique_ptr<TextSource>> make_text_source(std::unique_ptr<ByteSource> source,
                                                     std::string_view encoding) {
  M3U_CHECK(check_encoding(encoding));
  if (is_auto(encoding)) encoding = {};
  return std::make_unique<TranscodingSource>(std::move(source), Kind::kText, encoding);
}

std::unique_ptr<TextSource> make_xml_text_source(std::unique_ptr<ByteSource> source) {
  return std::make_unique<TranscodingSource>(std::move(source), Kind::kXml, "");
}

}  // namespace m3u_proxy::io
