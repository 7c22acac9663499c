// What the tests of several folders need of io/: a folder of their own, sources that misbehave, a
// sink over a string.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include <m3u_proxy/io/memory_source.hpp>

namespace m3u_proxy::io {

/// A new empty folder, removed with everything in it at the end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "m3u-proxy-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  friend std::filesystem::path operator/(const TestFolder& folder,
                                         const std::filesystem::path& name) {
    return folder.path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The descriptors of the unnamed files that this process has open in `folder`.
inline std::vector<int> open_files_in(const std::filesystem::path& folder) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with(folder.string()) && target.ends_with(" (deleted)"))
      found.push_back(std::stoi(entry.path().filename().string()));
  }
  return found;
}

/// A source that cannot be read at any place, as a pipe.
class PipedSource final : public ByteSource {
 public:
  explicit PipedSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<std::size_t> read(std::span<char> buffer) override { return source_->read(buffer); }
  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::unique_ptr<ByteSource> source_;
};

/// A source that ends with an error instead of its end.
class FailingSource final : public ByteSource {
 public:
  FailingSource(std::unique_ptr<ByteSource> source, Error error)
      : source_(std::move(source)), error_(std::move(error)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    auto size = source_->read(buffer);
    if (size && *size == 0) return m3u_proxy::fail(error_);
    return size;
  }
  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    return source_->read_at(offset, buffer);
  }
  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }

 private:
  std::unique_ptr<ByteSource> source_;
  Error error_;
};

/// Keeps what is written.
class MemorySink final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Everything a source gives, and the error it ended with, if any.
struct Drained {
  std::string bytes;
  std::optional<Error> error;
};
inline Drained drain(ByteSource& source, std::size_t buffer_size = std::size_t{64} << 10U) {
  Drained result;
  std::string buffer(buffer_size, '\0');
  while (true) {
    auto n = source.read(buffer);
    if (!n) {
      result.error = std::move(n).error();
      return result;
    }
    if (*n == 0) return result;
    result.bytes.append(buffer, 0, *n);
  }
}

}  // namespace m3u_proxy::io
