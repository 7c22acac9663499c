#include <cerrno>
#include <system_error>
#include <vector>

#include <fcntl.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/gzip_file.hpp>

namespace m3u_proxy::generation {
namespace {

/// A compressed copy that no run renews would be served instead of the list it once was.
void remove_stale_copy(const std::filesystem::path& published) {
  switch (io::remove_stale_gzip(published)) {
    case io::StaleCopy::kNone:
      break;
    case io::StaleCopy::kRemoved:
      log::info("pipeline", "{}.gz was of an earlier run and would not be renewed: removed",
                published.string());
      break;
    case io::StaleCopy::kForeign:
      log::warn("pipeline", "{}.gz is not renewed by this run; delete it, or set compress",
                published.string());
      break;
  }
}

/// The guide of an earlier run, when there is no EPG source any more: it may be the user's own by
/// now, so it stays.
void warn_of_stale_guide(const std::filesystem::path& guide) {
  std::error_code ignored;
  if (std::filesystem::exists(guide, ignored))
    log::warn("pipeline.guide",
              "{} is not renewed, since there is no EPG source: delete it, or name one with "
              "epg_sources (--epg)",
              guide.string());
}

Result<MemoryPublisher::Text> read_text(const io::AtomicFile& file, memory::Budget& budget) {
  const std::string path = file.temporary().string();
  const auto size = static_cast<std::size_t>(file.written());
  MemoryPublisher::Text text;
  auto bytes = io::Buffer::allocate(budget, memory::Tag::kOutput, size);
  if (!bytes) {
    bytes.error().hint = "use GenerationOutput::kFile, or raise the memory limit";
    return fail(std::move(bytes).error());
  }
  text.bytes = *std::move(bytes);
  const io::Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) return fail(system_error("cannot read " + path, errno));
  while (text.size < size) {
    const auto rest = text.bytes.bytes().subspan(text.size, size - text.size);
    M3U_TRY(const std::size_t read,
            io::read_some_at(descriptor.get(), text.size, rest, "cannot read " + path));
    if (read == 0) return fail(ErrorCode::kIo, path + " has become shorter");
    text.size += read;
  }
  return text;
}

}  // namespace

Result<> FilePublisher::begin() {
  for (auto& file : files_) file.reset();
  return {};
}

Result<io::AtomicFile*> FilePublisher::sink(OutputFile which) {
  std::unique_ptr<io::AtomicFile>& made = file(which);
  M3U_TRY(made,
          io::AtomicFile::create(which == OutputFile::kGuide ? paths_.guide : paths_.playlist));
  return made.get();
}

void FilePublisher::drop(OutputFile which) { file(which).reset(); }

Result<std::chrono::nanoseconds> FilePublisher::commit(const Publication& publication) {
  // The guide before the playlist: a player that sees the new list finds its guide. A compressed
  // copy before its file.
  std::vector<std::unique_ptr<io::AtomicFile>> files;
  for (const OutputFile which : {OutputFile::kGuide, OutputFile::kPlaylist}) {
    if (!file(which)) continue;
    if (publication.compress) {
      M3U_TRY(auto compressed,
              io::write_gzip(*file(which), *publication.slabs, publication.cancel));
      files.push_back(std::move(compressed));
    }
    files.push_back(std::move(file(which)));
  }
  for (const auto& each : files) M3U_CHECK(each->sync());
  if (publication.cancel != nullptr && publication.cancel->cancelled())
    return fail(ErrorCode::kCancelled, "stopped on request");
  std::chrono::nanoseconds waited{};
  for (const auto& each : files) {
    M3U_CHECK(each->publish());
    waited += each->sync_time();
    if (!publication.compress) remove_stale_copy(each->target());
  }
  if (!publication.has_epg_sources) warn_of_stale_guide(paths_.guide);
  return waited;
}

std::string FilePublisher::place_of(OutputFile which) const {
  return (which == OutputFile::kGuide ? paths_.guide : paths_.playlist).string();
}

bool FilePublisher::has_last_guide() const {
  std::error_code ignored;
  return std::filesystem::exists(paths_.guide, ignored);
}

MemoryPublisher::MemoryPublisher(const std::filesystem::path& folder, const std::string& proxy,
                                 memory::Budget& budget)
    : FilePublisher(OutputPaths::in(folder, proxy)), budget_(&budget) {}

Result<std::chrono::nanoseconds> MemoryPublisher::commit(const Publication& /*publication*/) {
  for (const OutputFile which : {OutputFile::kGuide, OutputFile::kPlaylist}) {
    if (!file(which)) continue;
    M3U_TRY(text(which), read_text(*file(which), *budget_));
    drop(which);
  }
  return std::chrono::nanoseconds{};
}

}  // namespace m3u_proxy::generation
