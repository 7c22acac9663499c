// UploadFile: a request's body on disk, so that its size does not matter.
#pragma once

#include <memory>

#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::api {

/// Belongs to one thread at a time.
class UploadFile final : public io::ByteSink {
 public:
  /// In the process's folder for temporary files. Error: kIo. For OperationOptions::open_sink.
  static Result<std::unique_ptr<io::ByteSink>> create(const runtime::Process& process);
  Result<> write(std::string_view bytes) override { return file_->write(bytes); }

  /// What came with a request that has such a sink; nullptr: nothing.
  static std::shared_ptr<const io::TempFile> of(const http::Request& request);

 private:
  UploadFile(std::unique_ptr<io::TempFolder> folder, std::unique_ptr<io::TempFile> file)
      : folder_(std::move(folder)), file_(std::move(file)) {}

  std::unique_ptr<io::TempFolder> folder_;
  std::shared_ptr<io::TempFile> file_;
};

}  // namespace m3u_proxy::api
