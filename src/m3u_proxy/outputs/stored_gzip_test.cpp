#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/outputs/stored_gzip.hpp>

namespace m3u_proxy::outputs {
namespace {

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + '\n';
  text.resize(size);
  return text;
}

std::string packed(const io::TestFolder& folder, std::string_view text, std::size_t piece) {
  const std::filesystem::path path = folder / "file";
  const auto file = std::make_shared<const io::Descriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  EXPECT_TRUE(io::write_all(file->get(), text, "test"));
  auto plain = std::make_unique<http::PieceList>();
  bool as_text = false;
  for (std::size_t at = 0; at < text.size(); at += piece, as_text = !as_text) {
    const std::string_view part = text.substr(at, piece);
    if (as_text)
      plain->add(std::string(part));
    else
      plain->add(file, at, part.size());
  }
  StoredGzip body(std::move(plain));
  std::string out;
  while (true) {
    const auto next = body.next();
    EXPECT_TRUE(next);
    const auto bytes = std::get<std::string_view>(*next);
    EXPECT_LE(bytes.size(), StoredGzip::kMemory);
    if (bytes.empty()) break;
    out += bytes;
  }
  EXPECT_EQ(out.size(), body.size());
  return out;
}

TEST(StoredGzip, IsReadAsTheBytesThatItWasMadeOf) {
  const io::TestFolder folder;
  memory::Budget budget;
  for (const std::size_t size : {0U, 1U, 65'512U, 65'513U, 65'514U, 131'026U, 700'001U})
    for (const std::size_t piece : {100U, 65'513U, 1'000'000U}) {
      const std::string text = text_of(size);
      const std::string gzip = packed(folder, text, piece);
      const auto plain =
          io::make_inflating_source(std::make_unique<io::MemorySource>(gzip), budget);
      const io::Drained read = io::drain(*plain);
      EXPECT_FALSE(read.error) << to_string(*read.error);
      EXPECT_EQ(read.bytes, text) << size << ' ' << piece;
    }
}

}  // namespace
}  // namespace m3u_proxy::outputs
