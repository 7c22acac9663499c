#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/io/decoder.hpp>
#include <m3u_proxy/io/decoder_input.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/peeking_source.hpp>
#include <m3u_proxy/io/zip/zip_source.hpp>

namespace m3u_proxy::io {
namespace {

/// Marks the errors of is_partial_input().
constexpr std::string_view kPartialHint =
    "what came before is used; get the file again for the rest";

enum class Wrapping : std::uint8_t { kInflate, kRefuse };

/// One wrapping: looks at the first bytes, then inflates or passes through.
class Layer final : public ByteSource {
 public:
  Layer(std::unique_ptr<ByteSource> source, memory::Budget& budget, Wrapping wrapping,
        const InflateOptions& options)
      : source_(std::move(source)), budget_(&budget), wrapping_(wrapping), options_(options) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (stage_ == Stage::kStart) M3U_CHECK(start());
    auto n = read_on(buffer);
    if (n) delivered_ += *n;
    return n;
  }

  [[nodiscard]] std::uint64_t consumed() const override { return source_.consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_.size(); }

 private:
  enum class Stage : std::uint8_t { kStart, kPlain, kArchive, kInside, kBetween, kEnded };

  Result<> start() {
    const std::string_view head = source_.peek(kMagicSize);
    const auto format = detect_compression(head);
    const bool archive = is_zip(head);
    stage_ = Stage::kPlain;
    if (!format && !archive) return {};
    if (wrapping_ == Wrapping::kRefuse)
      return fail(ErrorCode::kParse, "the data is compressed more than twice",
                  "unpack it before, or ask the provider for a plain file");
    if (archive) {
      M3U_TRY(archive_, open_zip(source_, *budget_));
      stage_ = Stage::kArchive;
      return {};
    }
    format_ = *format;
    M3U_CHECK(input_.open(*budget_));
    M3U_TRY(decoder_, make_decoder(format_, *budget_));
    stage_ = Stage::kInside;
    return {};
  }

  Result<std::size_t> read_on(std::span<char> buffer) {
    if (stage_ == Stage::kPlain) return source_.read(buffer);
    if (deferred_) return fail(*std::move(deferred_));
    if (stage_ != Stage::kArchive) return read_inflated(buffer);
    M3U_TRY(const std::size_t size, archive_->read(buffer));
    deferred_ = suspicious(size, "ZIP");
    return size;
  }

  Result<std::size_t> read_inflated(std::span<char> buffer) {
    while (stage_ != Stage::kEnded) {
      if (stage_ == Stage::kBetween) {
        M3U_CHECK(next_member());
        continue;
      }
      Decoder::Step step = decoder_->decode(input_.view(), buffer);
      input_.consume(step.consumed);
      if (step.member_ended) stage_ = Stage::kBetween;
      if (step.error) step.error = placed(*std::move(step.error), step.produced);
      if (step.produced != 0) {
        deferred_ =
            step.error ? std::move(step.error) : suspicious(step.produced, to_string(format_));
        return step.produced;
      }
      if (step.error) return fail(*std::move(step.error));
      if (step.consumed == 0 && !step.member_ended) M3U_CHECK(refill());
    }
    return 0;
  }

  /// More input for a decoder that stands still without.
  Result<> refill() {
    if (input_.source_ended()) return fail(truncated());
    return input_.fill(source_);
  }

  /// After a member: the end, zero padding (tapes, and .xz stream padding), or another member.
  Result<> next_member() {
    const std::string_view left = input_.view();
    const std::size_t zeros = std::min(left.find_first_not_of('\0'), left.size());
    input_.consume(zeros);
    if (input_.view().size() < kMagicSize && !input_.source_ended()) return input_.fill(source_);
    if (input_.view().empty()) {
      stage_ = Stage::kEnded;
      return {};
    }
    if (detect_compression(input_.view()) != format_)
      return fail(placed(damaged(to_string(format_), "something else follows after its end"), 0));
    stage_ = Stage::kInside;
    return decoder_->restart();
  }

  Error placed(Error error, std::size_t produced_now) const {
    if (error.code != ErrorCode::kParse) return error;
    error.message += fmt::format(" at byte {} of the compressed data", input_.taken());
    error.where.byte = delivered_ + produced_now;
    return as_partial_input(std::move(error));
  }

  [[nodiscard]] Error truncated() const {
    return as_partial_input(
        {.code = ErrorCode::kParse,
         .message = fmt::format("the {} data is truncated: it ends after {} bytes",
                                to_string(format_), input_.taken()),
         .where = {.source = {}, .byte = delivered_}});
  }

  /// The error for data that grows beyond all measure; after `now` more bytes.
  [[nodiscard]] std::optional<Error> suspicious(std::size_t now, std::string_view format) const {
    const std::uint64_t total = delivered_ + now;
    if (total < options_.ratio_applies_from || total / options_.max_ratio <= source_.consumed())
      return std::nullopt;
    return Error{.code = ErrorCode::kParse,
                 .message = fmt::format("the {} data grows more than {} times its size, as no "
                                        "playlist or guide does",
                                        format, options_.max_ratio),
                 .where = {.source = {}, .byte = total},
                 .hint = "check where it comes from"};
  }

  PeekingSource source_;
  memory::Budget* budget_;
  Wrapping wrapping_;
  InflateOptions options_;
  Stage stage_ = Stage::kStart;
  Compression format_ = Compression::kGzip;
  DecoderInput input_;
  std::unique_ptr<ByteSource> archive_;  ///< a ZIP archive's one file
  std::unique_ptr<Decoder> decoder_;
  std::uint64_t delivered_ = 0;
  std::optional<Error> deferred_;  ///< met after bytes that had to be delivered first
};

}  // namespace

std::unique_ptr<ByteSource> make_inflating_source(std::unique_ptr<ByteSource> source,
                                                  memory::Budget& budget,
                                                  const InflateOptions& options) {
  for (int wrapping = 0; wrapping < 2; ++wrapping)
    source = std::make_unique<Layer>(std::move(source), budget, Wrapping::kInflate, options);
  return std::make_unique<Layer>(std::move(source), budget, Wrapping::kRefuse, options);
}

Error as_partial_input(Error error) {
  if (error.hint.empty()) error.hint = kPartialHint;
  return error;
}

bool is_partial_input(const Error& error) {
  return error.code == ErrorCode::kParse && error.hint == kPartialHint;
}

}  // namespace m3u_proxy::io
