#include <functional>
#include <vector>

#include <bzlib.h>
#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::io {
namespace {

std::string gzip(const std::string& text) {
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  std::string in = text;
  std::string out(text.size() + text.size() / 8 + 4096, '\0');
  stream.next_in = reinterpret_cast<std::uint8_t*>(in.data());
  stream.avail_in = static_cast<std::uint32_t>(in.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_deflate(&stream), COMP_OK);
  out.resize(stream.total_out);
  return out;
}

std::string bzip2(const std::string& text) {
  std::string in = text;
  auto size = static_cast<unsigned>(text.size() + text.size() / 8 + 4096);
  std::string out(size, '\0');
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()),
                                     1, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

std::string xz_with(const std::string& text, std::uint32_t preset) {
  std::string out(text.size() + text.size() / 8 + 4096, '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(preset, LZMA_CHECK_CRC64, nullptr,
                                    reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}
std::string xz(const std::string& text) { return xz_with(text, 1); }

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

/// A frame whose header asks for a window of 2^`log` bytes.
std::string zstd_with_window(const std::string& text, int log) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  ZSTD_inBuffer in{.src = text.data(), .size = text.size(), .pos = 0};
  ZSTD_outBuffer buffer{.dst = out.data(), .size = out.size(), .pos = 0};
  // Two steps, so that the encoder does not know the size when it writes the header.
  EXPECT_EQ(ZSTD_isError(ZSTD_compressStream2(context, &buffer, &in, ZSTD_e_flush)), 0U);
  EXPECT_EQ(ZSTD_compressStream2(context, &buffer, &in, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  out.resize(buffer.pos);
  return out;
}

/// Text that compresses like a playlist; `lines` of about 50 bytes.
std::string playlist(int lines) {
  std::string text;
  std::uint32_t random = 1;
  for (int i = 0; i < lines; ++i) {
    random = random * 1664525U + 1013904223U;
    text += "#EXTINF:-1 tvg-id=\"c" + std::to_string(random % 100000) + "\",Channel " +
            std::to_string(i) + "\nhttp://example.org/live/" + std::to_string(random) + ".ts\n";
  }
  return text;
}

Drained inflate(const std::string& bytes, std::size_t piece = SIZE_MAX,
                std::size_t buffer = std::size_t{64} << 10U) {
  memory::Budget budget;
  const auto source = make_inflating_source(std::make_unique<MemorySource>(bytes, piece), budget);
  return drain(*source, buffer);
}

struct Format {
  const char* name;
  std::function<std::string(const std::string&)> compress;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for it
void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

class InflateFormat : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(All, InflateFormat,
                         testing::Values(Format{"gzip", gzip}, Format{"bzip2", bzip2},
                                         Format{"xz", xz}, Format{"zstd", zstd}),
                         [](const auto& test) { return test.param.name; });

TEST_P(InflateFormat, IsKnownByItsFirstBytes) {
  const std::string text = playlist(20'000);
  const Drained result = inflate(GetParam().compress(text));
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.bytes, text);
}

TEST_P(InflateFormat, GivesTheSameInAnyPieces) {
  const std::string text = playlist(200);
  const std::string bytes = GetParam().compress(text);
  for (const std::size_t piece : {1U, 3U, 7U, 1000U})
    for (const std::size_t buffer : {1U, 5U, 4096U})
      EXPECT_EQ(inflate(bytes, piece, buffer).bytes, text) << piece << ' ' << buffer;
}

TEST_P(InflateFormat, ConcatenatedMembersAreOneText) {
  const std::string a = playlist(300);
  const std::string b = "#EXTM3U\n";
  const auto& compress = GetParam().compress;
  const std::string members = compress(a) + compress("") + compress(b) + compress(a);
  const std::string text = a + b + a;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, SIZE_MAX}) {
    const Drained result = inflate(members, piece);
    EXPECT_FALSE(result.error);
    EXPECT_EQ(result.bytes, text);
  }
}

TEST_P(InflateFormat, WrappedTwiceIsUnwrappedTwice) {
  const std::string text = playlist(2'000);
  const auto& compress = GetParam().compress;
  const Drained result = inflate(compress(compress(text)));
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.bytes, text);
  EXPECT_EQ(inflate(gzip(compress(text))).bytes, text);
  EXPECT_EQ(inflate(compress(gzip(text))).bytes, text);
}

TEST_P(InflateFormat, WrappedThreeTimesIsRefused) {
  const auto& compress = GetParam().compress;
  const Drained result = inflate(compress(compress(compress("#EXTM3U\n"))));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kParse);
  EXPECT_EQ(result.error->message, "the data is compressed more than twice");
  EXPECT_FALSE(is_partial_input(*result.error));
}

TEST_P(InflateFormat, TruncatedDataIsDeliveredThenReported) {
  const std::string text = playlist(60'000);
  const std::string bytes = GetParam().compress(text);
  const std::size_t half = bytes.size() / 2;
  const Drained result = inflate(bytes.substr(0, half));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kParse);
  EXPECT_EQ(result.error->message, std::string("the ") + GetParam().name +
                                       " data is truncated: it ends after " + std::to_string(half) +
                                       " bytes");
  EXPECT_TRUE(is_partial_input(*result.error));
  EXPECT_GT(result.bytes.size(), text.size() / 4);
  EXPECT_EQ(result.bytes, text.substr(0, result.bytes.size()));
  EXPECT_EQ(result.error->where.byte, result.bytes.size());
}

TEST_P(InflateFormat, TruncatedAnywhereIsReported) {
  const std::string text = playlist(4);
  const std::string bytes = GetParam().compress(text);
  for (std::size_t size = 6; size < bytes.size(); ++size) {
    const Drained result = inflate(bytes.substr(0, size));
    ASSERT_TRUE(result.error) << size;
    EXPECT_TRUE(is_partial_input(*result.error)) << size;
    EXPECT_EQ(result.bytes, text.substr(0, result.bytes.size())) << size;
  }
}

TEST_P(InflateFormat, DamagedDataIsDeliveredUpToItThenReported) {
  const std::string text = playlist(60'000);
  std::string bytes = GetParam().compress(text);
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) bytes[i] = '\x55';
  const Drained result = inflate(bytes);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kParse);
  EXPECT_TRUE(result.error->message.find("damaged") != std::string::npos ||
              result.error->message.find("truncated") != std::string::npos)
      << result.error->message;
  EXPECT_TRUE(is_partial_input(*result.error));
  EXPECT_GT(result.bytes.size(), 1000U);
  EXPECT_EQ(result.bytes.substr(0, 1000), text.substr(0, 1000));
}

TEST_P(InflateFormat, AWrongChecksumIsReportedAtTheEnd) {
  const std::string text = playlist(10);
  std::string bytes = GetParam().compress(text);
  // gzip and zstd end with it; bzip2's and xz's last bytes are its copy and the footer.
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ '\x01');
  if (std::string_view(GetParam().name) == "zstd")
    bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ '\x01');
  const Drained result = inflate(bytes);
  ASSERT_TRUE(result.error);
  EXPECT_TRUE(is_partial_input(*result.error)) << result.error->message;
}

TEST_P(InflateFormat, ZerosAfterTheEndArePadding) {
  const Drained result = inflate(GetParam().compress("#EXTM3U\n") + std::string(1024, '\0'));
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.bytes, "#EXTM3U\n");
}

TEST_P(InflateFormat, SomethingElseAfterTheEndIsReported) {
  const Drained result = inflate(GetParam().compress("#EXTM3U\n") + "<html>");
  EXPECT_EQ(result.bytes, "#EXTM3U\n");
  ASSERT_TRUE(result.error);
  EXPECT_TRUE(is_partial_input(*result.error));
  EXPECT_NE(result.error->message.find("something else follows after its end"), std::string::npos);
}

TEST_P(InflateFormat, EmptyContentIsEmpty) {
  const Drained result = inflate(GetParam().compress(""));
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.bytes, "");
}

TEST_P(InflateFormat, MemoryThatTheBudgetRefusesIsOverBudgetAndAllIsGivenBack) {
  const std::string bytes = GetParam().compress(playlist(100));
  memory::Budget budget(kib(300));
  {
    const auto source = make_inflating_source(std::make_unique<MemorySource>(bytes), budget);
    const Drained result = drain(*source);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->code, ErrorCode::kOverBudget);
    EXPECT_FALSE(is_partial_input(*result.error));
  }
  EXPECT_EQ(budget.used().count, 0U);
}

TEST_P(InflateFormat, ReservesWhatItUsesAndGivesItBack) {
  memory::Budget budget;
  {
    const auto source = make_inflating_source(
        std::make_unique<MemorySource>(GetParam().compress(playlist(100))), budget);
    EXPECT_EQ(budget.used().count, 0U);
    EXPECT_FALSE(drain(*source).error);
    EXPECT_GT(budget.used(memory::Tag::kInput).count, kib(256).count);
  }
  EXPECT_EQ(budget.used().count, 0U);
}

TEST_P(InflateFormat, AnErrorOfTheSourceComesAfterWhatCouldBeInflated) {
  const std::string text = playlist(60'000);
  const std::string bytes = GetParam().compress(text);
  auto failing = std::make_unique<FailingSource>(
      std::make_unique<MemorySource>(bytes.substr(0, bytes.size() / 2)),
      Error{.code = ErrorCode::kIo, .message = "the disk is gone"});
  memory::Budget budget;
  const auto source = make_inflating_source(std::move(failing), budget);
  const Drained result = drain(*source);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message, "the disk is gone");
  EXPECT_GT(result.bytes.size(), text.size() / 4);
}

TEST(Inflate, PlainBytesPassThrough) {
  EXPECT_EQ(inflate("#EXTM3U\nabc").bytes, "#EXTM3U\nabc");
  EXPECT_EQ(inflate("").bytes, "");
  EXPECT_EQ(inflate("#").bytes, "#");
  EXPECT_EQ(inflate("BZh9 is a name", 1, 1).bytes, "BZh9 is a name");
}

TEST(Inflate, TheFirstReadOfPlainBytesFillsTheBuffer) {
  memory::Budget budget;
  const auto source =
      make_inflating_source(std::make_unique<MemorySource>(std::string(5000, 'x')), budget);
  std::string buffer(4096, '\0');
  EXPECT_EQ(source->read(buffer), 4096U);
  EXPECT_EQ(budget.peak().count, 0U);
}

TEST(Inflate, AnErrorOfAPlainSourceComesAfterItsBytes) {
  for (const char* text : {"#EXTM3U\nabc", "#EX", ""}) {
    auto failing = std::make_unique<FailingSource>(
        std::make_unique<MemorySource>(text, 4), Error{.code = ErrorCode::kIo, .message = "gone"});
    memory::Budget budget;
    const auto source = make_inflating_source(std::move(failing), budget);
    const Drained result = drain(*source);
    EXPECT_EQ(result.bytes, text);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->message, "gone");
  }
}

TEST(Inflate, ProgressCountsStoredBytes) {
  const std::string bytes = gzip(playlist(1000));
  memory::Budget budget;
  const auto source = make_inflating_source(std::make_unique<MemorySource>(bytes), budget);
  EXPECT_EQ(source->size(), bytes.size());
  EXPECT_FALSE(drain(*source).error);
  EXPECT_EQ(source->consumed(), bytes.size());
}

TEST(Inflate, AnXzWindowBeyondTheLimitSaysHowMuchItNeeds) {
  memory::Budget budget(mib(48));
  const auto source =
      make_inflating_source(std::make_unique<MemorySource>(xz_with("#EXTM3U\n", 9)), budget);
  const Drained result = drain(*source);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kOverBudget);
  EXPECT_EQ(result.error->message.substr(0, 46), "decompressing this xz data needs 64.1 MB: the ")
      << result.error->message;
}

TEST(Inflate, AZstdWindowBeyondTheLimitSaysHowMuchItNeeds) {
  memory::Budget budget(mib(16));
  const auto source = make_inflating_source(
      std::make_unique<MemorySource>(zstd_with_window("#EXTM3U\n", 26)), budget);
  const Drained result = drain(*source);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kOverBudget);
  EXPECT_NE(result.error->message.find("decompressing this zstd data needs 64"), std::string::npos)
      << result.error->message;
}

TEST(Inflate, AZstdWindowBeyondTheFixedBoundIsRefusedEvenWithoutALimit) {
  const Drained result = inflate(zstd_with_window("#EXTM3U\n", 28));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kParse);
  EXPECT_FALSE(is_partial_input(*result.error));
}

TEST(Inflate, ABombIsStopped) {
  memory::Budget budget;
  const std::string bomb = gzip(gzip(std::string(std::size_t{32} << 20U, '\0')));
  const auto source = make_inflating_source(std::make_unique<MemorySource>(bomb), budget,
                                            {.max_ratio = 2000, .ratio_applies_from = 1U << 20U});
  const Drained result = drain(*source);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kParse);
  EXPECT_FALSE(is_partial_input(*result.error));
  EXPECT_LT(result.bytes.size(), std::size_t{32} << 20U);
  EXPECT_LT(budget.peak().count, mib(2).count);
}

}  // namespace
}  // namespace m3u_proxy::io
