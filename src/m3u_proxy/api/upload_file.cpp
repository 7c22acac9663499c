#include <m3u_proxy/api/upload_file.hpp>

namespace m3u_proxy::api {

Result<std::unique_ptr<io::ByteSink>> UploadFile::create(const runtime::Process& process) {
  M3U_TRY(auto folder, io::TempFolder::create(process.spill_folder()));
  M3U_TRY(auto file, folder->create_file());
  return std::unique_ptr<io::ByteSink>(new UploadFile(std::move(folder), std::move(file)));
}

std::shared_ptr<const io::TempFile> UploadFile::of(const http::Request& request) {
  const auto* const upload = dynamic_cast<const UploadFile*>(request.sink.get());
  return upload == nullptr || upload->file_->size() == 0 ? nullptr : upload->file_;
}

}  // namespace m3u_proxy::api
