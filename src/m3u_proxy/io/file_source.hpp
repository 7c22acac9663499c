// File sources: bytes of a file or an open descriptor, read with read(2), never mapped (a mapped
// file that shrinks kills the process, and its pages count as ours).
#pragma once

#include <filesystem>
#include <memory>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::io {

/// Opens a file or a named pipe for reading from start to end. `cancel` (may be nullptr) ends
/// waiting on a pipe within a quarter of a second. `guard`, where there is one, is asked for the
/// path before anything is opened, and for what was opened. Errors: kNotFound, kIo (permissions …),
/// kInvalidArgument (a folder; the guard's); read(): kIo, kCancelled.
Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path,
                                              const CancelToken* cancel = nullptr,
                                              const FolderGuard* guard = nullptr);

/// Reads what an open descriptor still gives; `name` is for messages ("standard input"). A
/// Descriptor that the caller keeps open: give a dup(2). read(): kIo, kCancelled.
std::unique_ptr<ByteSource> make_descriptor_source(Descriptor descriptor, std::string name,
                                                   const CancelToken* cancel = nullptr);

/// Reads a temporary file from its start; several sources may read one file at once. What is
/// appended after the end was read is read too. read(): kIo.
std::unique_ptr<ByteSource> make_temp_file_source(std::shared_ptr<const TempFile> file);

}  // namespace m3u_proxy::io
