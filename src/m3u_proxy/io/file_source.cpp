#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::io {
namespace {

bool is_cancelled(const CancelToken* cancel) { return cancel != nullptr && cancel->cancelled(); }

std::unexpected<Error> cancelled() { return fail(ErrorCode::kCancelled, "stopped while reading"); }

class DescriptorSource final : public ByteSource {
 public:
  DescriptorSource(Descriptor descriptor, std::string name, const CancelToken* cancel)
      : descriptor_(std::move(descriptor)), name_(std::move(name)), cancel_(cancel) {
    struct stat info{};
    if (::fstat(descriptor_.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    waits_ = false;
    const off_t position = ::lseek(descriptor_.get(), 0, SEEK_CUR);
    const auto size = static_cast<std::uint64_t>(info.st_size);
    start_ = static_cast<std::uint64_t>(position < 0 ? 0 : position);
    size_ = size > start_ ? size - start_ : 0;
    ::posix_fadvise(descriptor_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      if (is_cancelled(cancel_)) return cancelled();
      if (waits_ && !is_readable()) continue;
      const ssize_t n = ::read(descriptor_.get(), buffer.data(), buffer.size());
      if (n >= 0) {
        consumed_ += static_cast<std::uint64_t>(n);
        return static_cast<std::size_t>(n);
      }
      if (errno != EINTR && errno != EAGAIN)
        return fail(system_error(fmt::format("cannot read {}", name_), errno));
    }
  }

  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    if (waits_) return std::nullopt;
    return read_some_at(descriptor_.get(), start_ + offset, buffer,
                        fmt::format("cannot read {}", name_));
  }

  [[nodiscard]] std::uint64_t consumed() const override { return consumed_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  /// Waits a while for bytes (or the end) of a pipe, a terminal or a socket.
  [[nodiscard]] bool is_readable() const {
    constexpr int kWaitMilliseconds = 250;
    pollfd wait{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, kWaitMilliseconds);
    return ready > 0 || (ready < 0 && errno != EINTR);
  }

  Descriptor descriptor_;
  std::string name_;
  const CancelToken* cancel_;
  bool waits_ = true;
  std::uint64_t start_ = 0;  ///< where the descriptor stood
  std::uint64_t consumed_ = 0;
  std::optional<std::uint64_t> size_;
};

class TempFileSource final : public ByteSource {
 public:
  explicit TempFileSource(std::shared_ptr<const TempFile> file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    auto n = file_->read_at(offset_, buffer);
    if (n) offset_ += *n;
    return n;
  }
  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    return file_->read_at(offset, buffer);
  }
  [[nodiscard]] std::uint64_t consumed() const override { return offset_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return file_->size(); }

 private:
  std::shared_ptr<const TempFile> file_;
  std::uint64_t offset_ = 0;
};

Result<Descriptor> open_for_reading(const std::filesystem::path& path, const CancelToken* cancel) {
  while (true) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) return Descriptor(fd);
    if (errno != EINTR)
      return fail(system_error(fmt::format("cannot open {}", path.string()), errno));
    if (is_cancelled(cancel)) return cancelled();  // a pipe that nobody opened for writing
  }
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path,
                                              const CancelToken* cancel, const FolderGuard* guard) {
  if (guard != nullptr) M3U_CHECK(guard->check(path.string()));
  M3U_TRY(Descriptor descriptor, open_for_reading(path, cancel));
  if (guard != nullptr) M3U_CHECK(guard->check_opened(descriptor.get(), path.string()));
  struct stat info{};
  if (::fstat(descriptor.get(), &info) == 0 && S_ISDIR(info.st_mode))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is a folder", path.string()),
                "name the file in it");
  return make_descriptor_source(std::move(descriptor), path.string(), cancel);
}

std::unique_ptr<ByteSource> make_descriptor_source(Descriptor descriptor, std::string name,
                                                   const CancelToken* cancel) {
  return std::make_unique<DescriptorSource>(std::move(descriptor), std::move(name), cancel);
}

std::unique_ptr<ByteSource> make_temp_file_source(std::shared_ptr<const TempFile> file) {
  return std::make_unique<TempFileSource>(std::move(file));
}

}  // namespace m3u_proxy::io
