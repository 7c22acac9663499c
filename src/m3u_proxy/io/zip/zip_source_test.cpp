#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::io {
namespace {

using testing::HasSubstr;

std::string deflated(const std::string& text) {
  isal_zstream stream;
  isal_deflate_init(&stream);
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

std::string number(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
  return out;
}

struct Entry {
  std::string name = "list.m3u";
  std::string text{};
  bool packed = true;
  std::string descriptor = "none";  ///< "none", "signed", "bare": sizes behind the data
  bool zip64 = false;
  unsigned method_shown = 0;  ///< 0: the real one
  unsigned flags = 0;
  std::uint32_t crc_damage = 0;
};

/// An archive as ZIP programs write it.
class Archive {
 public:
  Archive& add(const Entry& entry) {
    const std::string data = entry.packed ? deflated(entry.text) : entry.text;
    std::string text = entry.text;
    const std::uint32_t crc =
        crc32_gzip_refl(0, reinterpret_cast<unsigned char*>(text.data()), text.size()) ^
        entry.crc_damage;
    const unsigned method = entry.method_shown != 0 ? entry.method_shown : (entry.packed ? 8U : 0U);
    const bool behind = entry.descriptor != "none";
    const unsigned flags = entry.flags | (behind ? 8U : 0U);
    const std::size_t width = entry.zip64 ? 8 : 4;
    const auto sizes = [&](std::uint64_t packed, std::uint64_t plain) {
      return entry.zip64 ? number(0xFFFFFFFF, 4) + number(0xFFFFFFFF, 4)
                         : number(packed, 4) + number(plain, 4);
    };
    const auto extra = [&](std::uint64_t packed, std::uint64_t plain, bool with_offset) {
      std::string out = number(0x5455, 2) + number(1, 2) + "\x07";  // a time stamp before it
      if (!entry.zip64) return out;
      out += number(1, 2) + number(with_offset ? 24 : 16, 2) + number(plain, 8) + number(packed, 8);
      return with_offset ? out + number(bytes_.size(), 8) : out;
    };
    const std::uint64_t packed_before = behind ? 0 : data.size();
    const std::uint64_t plain_before = behind ? 0 : entry.text.size();
    const std::string directory_extra = extra(data.size(), entry.text.size(), true);
    directory_ += "PK\x01\x02" + number(45, 2) + number(45, 2) + number(flags, 2) +
                  number(method, 2) + number(0, 4) + number(crc, 4) +
                  sizes(data.size(), entry.text.size()) + number(entry.name.size(), 2) +
                  number(directory_extra.size(), 2) + number(0, 2) + number(0, 2) + number(0, 2) +
                  number(0, 4) + number(entry.zip64 ? 0xFFFFFFFF : bytes_.size(), 4) + entry.name +
                  directory_extra;
    const std::string local_extra = extra(packed_before, plain_before, false);
    bytes_ += "PK\x03\x04" + number(45, 2) + number(flags, 2) + number(method, 2) + number(0, 4) +
              number(behind ? 0 : crc, 4) + sizes(packed_before, plain_before) +
              number(entry.name.size(), 2) + number(local_extra.size(), 2) + entry.name +
              local_extra + data;
    if (entry.descriptor == "signed") bytes_ += "PK\x07\x08";
    if (behind)
      bytes_ += number(crc, 4) + number(data.size(), width) + number(entry.text.size(), width);
    zip64_ = zip64_ || entry.zip64;
    ++count_;
    return *this;
  }

  [[nodiscard]] std::string bytes(const std::string& comment = "") const {
    std::string out = bytes_ + directory_;
    const std::size_t record = out.size();
    if (zip64_)
      out += "PK\x06\x06" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) +
             number(count_, 8) + number(count_, 8) + number(directory_.size(), 8) +
             number(bytes_.size(), 8) + "PK\x06\x07" + number(0, 4) + number(record, 8) +
             number(1, 4);
    const std::uint64_t offset = zip64_ ? 0xFFFFFFFF : bytes_.size();
    return out + "PK\x05\x06" + number(0, 4) + number(count_, 2) + number(count_, 2) +
           number(directory_.size(), 4) + number(offset, 4) + number(comment.size(), 2) + comment;
  }

 private:
  std::string bytes_;
  std::string directory_;
  std::size_t count_ = 0;
  bool zip64_ = false;
};

enum class From : std::uint8_t { kFile, kPipe };

Drained read(const std::string& bytes, From from = From::kFile, std::size_t piece = SIZE_MAX,
             std::size_t buffer = std::size_t{64} << 10U, const InflateOptions& options = {}) {
  memory::Budget budget(mib(12));
  Drained result;
  {
    std::unique_ptr<ByteSource> source = std::make_unique<MemorySource>(bytes, piece);
    if (from == From::kPipe) source = std::make_unique<PipedSource>(std::move(source));
    result = drain(*make_inflating_source(std::move(source), budget, options), buffer);
  }
  EXPECT_EQ(budget.used().count, 0U);
  return result;
}

std::string text() {
  std::string out = "#EXTM3U\n";
  for (int i = 0; i < 30'000; ++i)
    out +=
        "#EXTINF:-1,Channel " + std::to_string(i * 7919) + "\nhttp://h/" + std::to_string(i) + "\n";
  return out;
}

TEST(ZipSource, ReadsTheOneFileHoweverItIsStored) {
  const std::string all = text();
  for (const bool packed : {true, false})
    for (const char* descriptor : {"none", "signed", "bare"})
      for (const bool zip64 : {false, true})
        for (const From from : {From::kFile, From::kPipe}) {
          if (from == From::kPipe && !packed && std::string_view(descriptor) != "none") continue;
          const std::string bytes =
              Archive()
                  .add({.text = all, .packed = packed, .descriptor = descriptor, .zip64 = zip64})
                  .bytes("a comment PK\x05\x06 that is long enough to look like a record");
          const Drained got = read(bytes, from);
          EXPECT_FALSE(got.error) << to_string(*got.error);
          EXPECT_EQ(got.bytes, all) << packed << descriptor << zip64;
        }
}

TEST(ZipSource, PiecesAndBuffersMakeNoDifference) {
  const std::string bytes = Archive().add({.text = "#EXTM3U\n#EXTINF:-1,A\nhttp://h/1\n"}).bytes();
  for (const From from : {From::kFile, From::kPipe})
    for (const std::size_t piece : {1U, 7U, 1000U})
      for (const std::size_t buffer : {1U, 3U, 1000U})
        EXPECT_EQ(read(bytes, from, piece, buffer).bytes, "#EXTM3U\n#EXTINF:-1,A\nhttp://h/1\n");
}

TEST(ZipSource, FoldersAndWhatMacOsAddsAreNoFiles) {
  const std::string bytes = Archive()
                                .add({.name = "tv/", .packed = false})
                                .add({.name = "tv/.DS_Store", .text = "x", .packed = false})
                                .add({.name = "tv/list.m3u", .text = "#EXTM3U"})
                                .add({.name = "__MACOSX/tv/._list.m3u", .text = "y"})
                                .bytes();
  EXPECT_EQ(read(bytes).bytes, "#EXTM3U");
  EXPECT_EQ(read(bytes, From::kPipe).bytes, "#EXTM3U");
}

TEST(ZipSource, SeveralFilesAreListedBeforeAnythingIsRead) {
  const Drained got =
      read(Archive().add({.name = "a.m3u", .text = "1"}).add({.name = "b.m3u"}).bytes());
  EXPECT_EQ(got.bytes, "");
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->message, "the ZIP archive holds several files: a.m3u, b.m3u");
  EXPECT_FALSE(is_partial_input(*got.error));
  Archive many;
  for (int i = 0; i < 2000; ++i) many.add({.name = "n" + std::to_string(i), .packed = false});
  EXPECT_EQ(read(many.bytes()).error->message,
            "the ZIP archive holds several files: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and more");
}

TEST(ZipSource, OfAPipeASecondFileIsFoundBehindTheFirst) {
  const Drained got = read(
      Archive().add({.name = "a.m3u", .text = "1"}).add({.name = "b.m3u"}).bytes(), From::kPipe);
  EXPECT_EQ(got.bytes, "1");
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->message, "the ZIP archive holds several files: a.m3u, b.m3u and more");
}

TEST(ZipSource, NoFileIsAnError) {
  for (const From from : {From::kFile, From::kPipe}) {
    EXPECT_EQ(read(Archive().bytes(), from).error->message, "the ZIP archive holds no file");
    EXPECT_EQ(read(Archive().add({.name = "tv/", .packed = false}).bytes(), from).error->message,
              "the ZIP archive holds no file");
  }
  EXPECT_EQ(read(Archive().add({.text = "", .packed = false}).bytes()).bytes, "");
}

TEST(ZipSource, WhatIsNotReadIsSaid) {
  EXPECT_EQ(read(Archive().add({.text = "x", .flags = 1}).bytes()).error->message,
            "the ZIP archive is encrypted");
  EXPECT_THAT(read(Archive().add({.text = "x", .method_shown = 14}).bytes()).error->message,
              HasSubstr("method 14"));
  EXPECT_THAT(read(Archive().add({.text = "x", .packed = false, .descriptor = "signed"}).bytes(),
                   From::kPipe)
                  .error->message,
              HasSubstr("cannot be read as it comes"));
}

TEST(ZipSource, ATruncatedArchiveGivesWhatIsThere) {
  const std::string all = text();
  const std::string bytes = Archive().add({.text = all}).bytes();
  for (const From from : {From::kFile, From::kPipe}) {
    const Drained got = read(bytes.substr(0, bytes.size() / 2), from);
    EXPECT_GT(got.bytes.size(), all.size() / 4);
    EXPECT_TRUE(all.starts_with(got.bytes));
    ASSERT_TRUE(got.error);
    EXPECT_TRUE(is_partial_input(*got.error));
    EXPECT_THAT(got.error->message, HasSubstr("the ZIP archive is truncated"));
  }
  for (std::size_t size = 4; size < 100; ++size)
    EXPECT_TRUE(read(bytes.substr(0, size)).error) << size;
}

TEST(ZipSource, AWrongChecksumIsDamage) {
  for (const From from : {From::kFile, From::kPipe})
    for (const char* descriptor : {"none", "signed"}) {
      const Drained got = read(
          Archive().add({.text = "abc", .descriptor = descriptor, .crc_damage = 1}).bytes(), from);
      EXPECT_EQ(got.bytes, "abc");
      ASSERT_TRUE(got.error);
      EXPECT_THAT(got.error->message, HasSubstr("the ZIP data is damaged (the checksum is wrong)"));
      EXPECT_TRUE(is_partial_input(*got.error));
    }
}

TEST(ZipSource, AnArchiveInAnArchiveIsReadAndAThirdIsNot) {
  const std::string inner = Archive().add({.text = "#EXTM3U"}).bytes();
  const std::string outer = Archive().add({.name = "inner.zip", .text = inner}).bytes();
  EXPECT_EQ(read(outer).bytes, "#EXTM3U");
  EXPECT_THAT(read(Archive().add({.text = outer}).bytes()).error->message,
              HasSubstr("compressed more than twice"));
}

TEST(ZipSource, WhatGrowsBeyondAllMeasureIsRefused) {
  const std::string bytes =
      Archive().add({.text = std::string(std::size_t{4} << 20U, '\0')}).bytes();
  const Drained got = read(bytes, From::kFile, SIZE_MAX, std::size_t{64} << 10U,
                           {.max_ratio = 10, .ratio_applies_from = 1U << 20U});
  ASSERT_TRUE(got.error);
  EXPECT_THAT(got.error->message, HasSubstr("grows more than 10 times"));
  EXPECT_LE(got.bytes.size(), std::size_t{2} << 20U);
}

}  // namespace
}  // namespace m3u_proxy::io
