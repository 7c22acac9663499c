#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/logos/logo_file.hpp>

namespace m3u_proxy::logos {
namespace {

TEST(PictureType, IsToldByTheFirstBytes) {
  EXPECT_EQ(picture_type("\x89PNG\r\n\x1A\n...."), "image/png");
  EXPECT_EQ(picture_type("\xFF\xD8\xFF\xE0"), "image/jpeg");
  EXPECT_EQ(picture_type("GIF89a.."), "image/gif");
  EXPECT_EQ(picture_type("RIFF....WEBPVP8 "), "image/webp");
  EXPECT_EQ(picture_type(std::string("\0\0\0\x1C", 4) + "ftypavif"), "image/avif");
  EXPECT_EQ(picture_type(std::string("\0\0\1\0\1\0", 6)), "image/x-icon");
  EXPECT_EQ(picture_type("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml");
  EXPECT_EQ(picture_type("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- x --><svg/>"), "image/svg+xml");
}

TEST(PictureType, AnythingElseIsNone) {
  for (const std::string_view bytes :
       {"", "G", "<html><body>Not found</body></html>", "<?xml version='1.0'?><html/>",
        "RIFF....WAVE", "#EXTM3U", "{\"error\":1}", "<!-- svg -->"})
    EXPECT_EQ(picture_type(bytes), "") << bytes;
}

TEST(OpenLogo, RefusesWhatIsNoPicture) {
  const io::TestFolder folder;
  EXPECT_EQ(open_logo(folder / "nowhere", "x").error().code, ErrorCode::kNotFound);
  std::ofstream(folder / "text") << "not a picture";
  EXPECT_EQ(open_logo(folder / "text", "x").error().code, ErrorCode::kParse);
  std::ofstream(folder / "a.gif") << "GIF89a and more";
  const auto logo = open_logo(folder / "a.gif", "tag");
  ASSERT_TRUE(logo);
  EXPECT_EQ(logo->type, "image/gif");
  EXPECT_EQ(logo->etag, "\"tag\"");
  EXPECT_EQ(logo->bytes, 15);
}

}  // namespace
}  // namespace m3u_proxy::logos
