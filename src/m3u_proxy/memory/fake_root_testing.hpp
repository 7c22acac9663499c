// A folder that a test puts in the place of "/", with the files of /proc and /sys that it wants.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace m3u_proxy::memory::testing {

class FakeRoot : public ::testing::Test {
 public:
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

 protected:
  FakeRoot() {
    std::string name = ::testing::TempDir() + "m3u_proxy_memory_XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~FakeRoot() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& content) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

}  // namespace m3u_proxy::memory::testing
