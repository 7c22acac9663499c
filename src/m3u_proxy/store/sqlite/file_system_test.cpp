#include <gtest/gtest.h>

#include <m3u_proxy/store/sqlite/file_system.hpp>

namespace m3u_proxy::store::sqlite {
namespace {

TEST(FileSystem, NetworkOnesAreKnownByTheirNumbers) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0xFFFFFFFFFF534D42U), "CIFS");
  EXPECT_EQ(network_file_system(0xEF53), std::nullopt);      // ext4
  EXPECT_EQ(network_file_system(0x65735546), std::nullopt);  // FUSE: mostly local disks
}

TEST(FileSystem, MissingFolderIsAnError) {
  const auto checked = check_file_system("/nowhere/at/all");
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace m3u_proxy::store::sqlite
