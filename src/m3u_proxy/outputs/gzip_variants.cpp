#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/gzip_file.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>

namespace m3u_proxy::outputs {
namespace {

constexpr std::size_t kMostTasks = 64;

std::string key_of(const PublishedFile& file, const Placeholders& values) {
  const std::string text = fmt::format("{}\n{}\n{}", file.hash, values.base, values.token);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

GzipVariants::GzipVariants(std::filesystem::path folder, memory::SlabPool& slabs,
                           std::size_t most_per_proxy)
    : folder_(std::move(folder)), slabs_(slabs), most_per_proxy_(most_per_proxy) {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::create_directories(folder_, ignored);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, ignored);
  thread_ = std::thread([this] { work(); });
}

GzipVariants::~GzipVariants() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  cancel_.cancel();
  changed_.notify_all();
  thread_.join();
}

const GzipVariants::File* GzipVariants::find(std::string_view key) {
  const auto found = std::ranges::find(kept_, key, &Kept::key);
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return &kept_.front().file;
}

void GzipVariants::get(const Uuid& proxy, const PublishedFile& file,
                       std::shared_ptr<const Placeholders> placeholders, Placeholders values,
                       Done done) {
  std::string key = key_of(file, values);
  std::unique_lock lock(mutex_);
  if (const File* const kept = find(key)) {
    const File found = *kept;
    lock.unlock();
    return done(found);
  }
  const auto same = std::ranges::find(tasks_, key, &Task::key);
  if (same != tasks_.end() && !stopping_) {
    same->waiting.push_back(std::move(done));
    return;
  }
  if (stopping_ || tasks_.size() >= kMostTasks) {
    lock.unlock();
    return done(fail(ErrorCode::kCancelled, "too much is being compressed"));
  }
  Task& task = tasks_.emplace_back(Task{.proxy = proxy,
                                        .key = std::move(key),
                                        .file = file,
                                        .placeholders = std::move(placeholders),
                                        .values = std::move(values)});
  task.waiting.push_back(std::move(done));
  lock.unlock();
  changed_.notify_all();
}

Result<GzipVariants::File> GzipVariants::make(const Task& task) {
  M3U_TRY(const auto body,
          FilledFile::open(
              slabs_.budget(),
              {.file = task.file.descriptor, .size = task.file.bytes, .counts = task.file.places},
              task.placeholders, task.values));
  M3U_TRY(const auto gzip, io::GzipFile::create(folder_ / (task.key + ".gz"), slabs_));
  M3U_TRY(memory::Slab buffer, slabs_.acquire_buffer(memory::Tag::kOutput));
  while (true) {
    if (cancel_.cancelled()) return fail(ErrorCode::kCancelled, "the service stops");
    M3U_TRY(http::Piece piece, body->next());
    if (http::size_of(piece) == 0) break;
    if (const auto* const text = std::get_if<std::string_view>(&piece)) {
      M3U_CHECK(gzip->write(*text));
      continue;
    }
    auto& range = std::get<http::FileRange>(piece);
    while (range.length > 0 && !cancel_.cancelled()) {
      const auto wanted = std::min<std::uint64_t>(buffer.size(), range.length);
      M3U_TRY(const std::size_t size,
              io::read_some_at(range.fd, range.offset,
                               std::span(buffer.data(), static_cast<std::size_t>(wanted)),
                               "cannot read a published file"));
      if (size == 0) return fail(ErrorCode::kIo, "a published file has become shorter");
      M3U_CHECK(gzip->write({buffer.data(), size}));
      range.offset += size;
      range.length -= size;
    }
  }
  M3U_TRY(const auto packed, gzip->finish());
  M3U_CHECK(packed->publish(io::AtomicFile::Durability::kNotNeeded));
  const std::filesystem::path path = packed->target();
  io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(system_error("cannot open " + path.string(), errno));
  return File{.descriptor = std::make_shared<const io::Descriptor>(std::move(file)),
              .bytes = packed->written()};
}

void GzipVariants::keep(const Task& task, const File& file) {
  const std::scoped_lock lock(mutex_);
  kept_.push_front({.proxy = task.proxy, .key = task.key, .source = task.file.hash, .file = file});
  std::size_t count = 0;
  for (auto entry = kept_.begin(); entry != kept_.end();) {
    if (entry->proxy != task.proxy || ++count <= most_per_proxy_) {
      ++entry;
      continue;
    }
    entry = drop(entry);
  }
}

std::list<GzipVariants::Kept>::iterator GzipVariants::drop(std::list<Kept>::iterator entry) {
  ::unlink((folder_ / (entry->key + ".gz")).c_str());
  return kept_.erase(entry);
}

void GzipVariants::keep_only(const std::set<std::string>& hashes) {
  const std::scoped_lock lock(mutex_);
  for (auto entry = kept_.begin(); entry != kept_.end();)
    entry = hashes.contains(entry->source) ? std::next(entry) : drop(entry);
}

void GzipVariants::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    // It stays in the queue, so that others who want the same join it.
    const Task& task = tasks_.front();
    Result<File> result = fail(ErrorCode::kCancelled, "the service stops");
    if (!stopping_) {
      lock.unlock();
      result = make(task);
      if (result)
        keep(task, *result);
      else
        log::warn("outputs", "a file is sent uncompressed: {}", to_string(result.error()));
      lock.lock();
    }
    const std::vector<Done> waiting = std::move(tasks_.front().waiting);
    tasks_.pop_front();
    lock.unlock();
    for (const Done& done : waiting) done(result);
    lock.lock();
  }
}

}  // namespace m3u_proxy::outputs
