#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <isa-l/crc.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/decoder_input.hpp>
#include <m3u_proxy/io/decoders.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/zip/zip_directory.hpp>
#include <m3u_proxy/io/zip/zip_source.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLocalHeader = "PK\x03\x04"sv;
constexpr std::string_view kEndOfDirectory = "PK\x05\x06"sv;
constexpr std::string_view kDescriptor = "PK\x07\x08"sv;
constexpr std::size_t kLocalHeaderSize = 30;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kSizesBehind = 8;
constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

std::unexpected<Error> unusable(std::string message, std::string hint) {
  return fail(ErrorCode::kParse, std::move(message), std::move(hint));
}

std::unexpected<Error> no_file() {
  return unusable("the ZIP archive holds no file", "check how it is made");
}

std::unexpected<Error> several_files(const std::vector<std::string>& names, bool has_more) {
  std::string list;
  for (const std::string& name : names) {
    constexpr std::size_t kLongestName = 60;
    if (!list.empty()) list += ", ";
    list += excerpt(name, kLongestName);
  }
  return unusable(
      fmt::format("the ZIP archive holds several files: {}{}", list, has_more ? " and more" : ""),
      "unpack it, and name the file that is meant");
}

class ZipSource final : public ByteSource {
 public:
  ZipSource(ByteSource& source, memory::Budget& budget) : source_(&source), budget_(&budget) {}

  Result<> open() {
    M3U_TRY(std::optional<ZipDirectory> directory, read_zip_directory(*source_, *budget_));
    M3U_CHECK(input_.open(*budget_));
    if (directory) {
      if (directory->names.empty()) return no_file();
      if (directory->names.size() > 1) return several_files(directory->names, directory->has_more);
      member_ = directory->first;
      M3U_CHECK(input_.skip(*source_, member_.header_offset));
      M3U_CHECK(take_local_header());
      knows_all_ = true;
    } else {
      M3U_CHECK(find_first_file());
    }
    return prepare();
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    if (deferred_) return fail(*std::move(deferred_));
    while (!ended_) {
      M3U_TRY(const Decoder::Step step, take_step(buffer));
      input_.consume(step.consumed);
      left_ -= left_ == kUnknown ? 0 : step.consumed;
      delivered_ += step.produced;
      crc_ =
          ::crc32_gzip_refl(crc_, reinterpret_cast<unsigned char*>(buffer.data()), step.produced);
      std::optional<Error> error = step.error;
      if (error) error = placed(*std::move(error));
      if (step.member_ended) {
        ended_ = true;
        if (decoder_) input_.put_back(decoder_->unneeded());
        if (auto end = check_end(); !end) error = std::move(end).error();
      }
      if (step.produced != 0) {
        deferred_ = std::move(error);
        return step.produced;
      }
      if (error) return fail(*std::move(error));
      if (step.consumed == 0 && !step.member_ended) M3U_CHECK(refill());
    }
    return 0;
  }

  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }

 private:
  /// Reads a local header with its name, up to the data.
  Result<ZipMember> take_local_header() {
    M3U_CHECK(input_.fill_to(*source_, kLocalHeaderSize));
    const std::string_view head = input_.view();
    if (head.size() < kLocalHeaderSize) return fail(truncated());
    if (!head.starts_with(kLocalHeader))
      return fail(ErrorCode::kParse, "the ZIP archive is damaged: a file is not where it should be",
                  "get it again, or make it anew");
    ZipMember member{.packed_size = zip_u32(head, 18),
                     .size = zip_u32(head, 22),
                     .crc = zip_u32(head, 14),
                     .method = zip_u16(head, 8),
                     .flags = zip_u16(head, 6)};
    const std::size_t name_size = zip_u16(head, 26);
    const std::size_t extra_size = zip_u16(head, 28);
    const std::size_t all = kLocalHeaderSize + name_size + extra_size;
    M3U_CHECK(input_.fill_to(*source_, all));
    if (input_.view().size() < all) return fail(truncated());
    name_ = input_.view().substr(kLocalHeaderSize, name_size);
    apply_zip64(input_.view().substr(kLocalHeaderSize + name_size, extra_size), member.size,
                member.packed_size, nullptr);
    input_.consume(all);
    return member;
  }

  /// Without a directory: past folders and what macOS adds, as far as sizes are known.
  Result<> find_first_file() {
    while (true) {
      M3U_CHECK(input_.fill_to(*source_, kLocalHeader.size()));
      const bool more = input_.view().starts_with(kLocalHeader);
      if (!more && input_.taken() == 0 && !input_.view().starts_with(kEndOfDirectory))
        return fail(truncated());
      if (!more) return no_file();
      M3U_TRY(member_, take_local_header());
      if (is_zip_file_name(name_) || (member_.flags & kSizesBehind) != 0) return {};
      M3U_CHECK(input_.skip(*source_, member_.packed_size));
    }
  }

  Result<> prepare() {
    if ((member_.flags & kEncrypted) != 0)
      return unusable("the ZIP archive is encrypted", "unpack it with its password before");
    if (member_.method != kStored && member_.method != kDeflated)
      return unusable(fmt::format("the ZIP archive is packed in a way that is not read (method {})",
                                  member_.method),
                      "make it with the usual method, deflate");
    const bool knows_size = knows_all_ || (member_.flags & kSizesBehind) == 0;
    left_ = knows_size ? member_.packed_size : kUnknown;
    if (member_.method == kDeflated) {
      M3U_TRY(decoder_, make_deflate_decoder(*budget_, DeflateFrame::kNone));
    } else if (!knows_size) {
      return unusable(
          "the ZIP archive cannot be read as it comes: it says only behind the file "
          "how large that is",
          "store it in a file, and name that");
    }
    return {};
  }

  Result<Decoder::Step> take_step(std::span<char> buffer) {
    std::string_view input = input_.view();
    input = input.substr(0, std::min<std::uint64_t>(left_, input.size()));
    if (decoder_) {
      Decoder::Step step = decoder_->decode(input, buffer);
      if (left_ == step.consumed && !step.member_ended && step.produced == 0 && !step.error)
        step.error = damaged("ZIP", "the file goes on behind its end");
      return step;
    }
    const std::size_t size = std::min(input.size(), buffer.size());
    input.copy(buffer.data(), size);
    return Decoder::Step{.consumed = size, .produced = size, .member_ended = size == left_};
  }

  Result<> refill() {
    if (input_.source_ended()) return fail(truncated());
    return input_.fill(*source_);
  }

  /// Behind the file: what was said of it, and that it is the only one.
  Result<> check_end() {
    if (!knows_all_ && (member_.flags & kSizesBehind) != 0) M3U_CHECK(take_descriptor());
    if (crc_ != member_.crc) return fail(placed(damaged("ZIP", "the checksum is wrong")));
    if (knows_all_) return {};
    M3U_CHECK(input_.fill_to(*source_, kLocalHeader.size()));
    if (!input_.view().starts_with(kLocalHeader)) return {};
    std::vector<std::string> names{name_};
    M3U_CHECK(take_local_header());
    if (!is_zip_file_name(name_)) return {};
    names.push_back(name_);
    return several_files(names, true);
  }

  /// The checksum and the sizes behind the data, with a signature or without.
  Result<> take_descriptor() {
    constexpr std::size_t kCrc = 4;
    constexpr std::size_t kSizes = 8;  // ZIP64: twice that
    M3U_CHECK(input_.fill_to(*source_, kDescriptor.size() + kCrc + 2 * kSizes + 2));
    if (input_.view().starts_with(kDescriptor)) input_.consume(kDescriptor.size());
    if (input_.view().size() < kCrc + kSizes) return fail(truncated());
    member_.crc = zip_u32(input_.view(), 0);
    input_.consume(kCrc);
    const bool large = input_.view().size() > 2 * kSizes &&
                       !input_.view().substr(kSizes).starts_with("PK") &&
                       input_.view().substr(2 * kSizes).starts_with("PK");
    input_.consume(large ? 2 * kSizes : kSizes);
    return {};
  }

  [[nodiscard]] Error placed(Error error) const {
    if (error.code != ErrorCode::kParse) return error;
    error.message += fmt::format(" at byte {} of the archive", input_.taken());
    error.where.byte = delivered_;
    return as_partial_input(std::move(error));
  }

  [[nodiscard]] Error truncated() const {
    return as_partial_input(
        {.code = ErrorCode::kParse,
         .message = fmt::format("the ZIP archive is truncated: it ends after {} bytes",
                                input_.taken() + input_.view().size()),
         .where = {.source = {}, .byte = delivered_}});
  }

  ByteSource* source_;
  memory::Budget* budget_;
  DecoderInput input_;
  ZipMember member_;
  std::string name_;                  ///< of the last local header
  bool knows_all_ = false;            ///< from the directory
  std::uint64_t left_ = 0;            ///< packed bytes that are not consumed yet, or kUnknown
  std::unique_ptr<Decoder> decoder_;  ///< none: stored
  std::uint32_t crc_ = 0;
  std::uint64_t delivered_ = 0;
  bool ended_ = false;
  std::optional<Error> deferred_;  ///< met after bytes that had to be delivered first
};

}  // namespace

bool is_zip(std::string_view head) {
  return head.starts_with(kLocalHeader) || head.starts_with(kEndOfDirectory);
}

Result<std::unique_ptr<ByteSource>> open_zip(ByteSource& source, memory::Budget& budget) {
  auto zip = std::make_unique<ZipSource>(source, budget);
  M3U_CHECK(zip->open());
  return zip;
}

}  // namespace m3u_proxy::io
