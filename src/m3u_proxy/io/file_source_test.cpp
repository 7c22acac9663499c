#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::io {
namespace {

TEST(FileSource, GivesTheFileFromStartToEnd) {
  const TestFolder folder;
  std::ofstream(folder / "a") << "0123456789";
  auto source = open_file(folder / "a");
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 10U);
  EXPECT_EQ(drain(**source, 4).bytes, "0123456789");
  EXPECT_EQ((*source)->consumed(), 10U);
  char byte = 0;
  EXPECT_EQ((*source)->read({&byte, 1}), 0U);
}

TEST(FileSource, AMissingFileIsNotFound) {
  const TestFolder folder;
  const auto source = open_file(folder / "none");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(source.error().message,
            "cannot open " + (folder / "none").string() + ": No such file or directory");
}

TEST(FileSource, AFolderIsRefusedWithARemedy) {
  const TestFolder folder;
  const auto source = open_file(folder.path());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(source.error().message, folder.path().string() + " is a folder");
  EXPECT_EQ(source.error().hint, "name the file in it");
}

TEST(DescriptorSource, ReadsAPipeToItsEndWithoutKnowingItsSize) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "hello", 5), 5);
  ::close(ends[1]);
  const auto source = make_descriptor_source(Descriptor(ends[0]), "standard input");
  EXPECT_FALSE(source->size());
  EXPECT_EQ(drain(*source, 2).bytes, "hello");
}

TEST(DescriptorSource, WaitingOnASilentPipeEndsWhenCancelled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  CancelToken cancel;
  cancel.cancel();
  const auto source = make_descriptor_source(Descriptor(ends[0]), "standard input", &cancel);
  char byte = 0;
  const auto n = source->read({&byte, 1});
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code, ErrorCode::kCancelled);
  ::close(ends[1]);
}

TEST(DescriptorSource, SizeIsWhatIsLeftFromThePosition) {
  const TestFolder folder;
  std::ofstream(folder / "a") << "0123456789";
  const int fd = ::open((folder / "a").c_str(), O_RDONLY);
  ASSERT_EQ(::lseek(fd, 4, SEEK_SET), 4);
  const auto source = make_descriptor_source(Descriptor(fd), "a");
  EXPECT_EQ(source->size(), 6U);
  EXPECT_EQ(drain(*source).bytes, "456789");
}

}  // namespace
}  // namespace m3u_proxy::io
