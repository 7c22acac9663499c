#include <array>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/base/web_page.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/net/content_coding.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr std::string_view kModule = "sources";
constexpr std::size_t kCopyBuffer = std::size_t{64} << 10U;

std::unexpected<Error> empty_source(std::string_view what) {
  return fail(ErrorCode::kParse, fmt::format("{} is empty", what),
              "check how it is made; nothing was taken from it");
}

/// An error of opening `path`, with the remedy for what people mean by such a path.
std::unexpected<Error> cannot_open(Error error, std::string_view path) {
  if (error.code == ErrorCode::kNotFound)
    error.hint = starts_with_ascii_case(path, "www.") ? "an address begins with http:// or https://"
                                                      : "check the path";
  return fail(std::move(error));
}

bool same_failure_next_time(const Error& error) {
  return error.code != ErrorCode::kNetwork && error.code != ErrorCode::kNotFound &&
         error.code != ErrorCode::kParse;
}

/// A source that the first who asks for it gets.
class OnceOnly {
 public:
  explicit OnceOnly(std::unique_ptr<io::ByteSource> source) : source_(std::move(source)) {}
  std::unique_ptr<io::ByteSource> take() {
    const std::lock_guard lock(mutex_);
    return std::move(source_);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<io::ByteSource> source_;
};

/// A page is left to the reader to complain about, but never kept in place of a good copy.
bool begins_as_web_page(const io::TempFile& file) {
  std::array<char, 512> head{};  // NOLINT(*-magic-numbers): more white space than pages begin with
  const auto n = file.read_at(0, head);
  return n && is_web_page({head.data(), *n});
}

std::string slot_key(const SourceRequest& request) {
  std::string key = request.location + '\n' + request.user_agent;
  if (request.wanted == SourceRequest::Wanted::kGuide) key += "\nguide";
  for (const net::HttpHeader& header : request.headers)
    key += fmt::format("\n{}: {}", header.name, header.value);
  return key;
}

}  // namespace

Result<std::shared_ptr<const StoredSource>> SourceStore::get(const SourceRequest& request) {
  const std::string& location = request.location;
  Stored result;
  if (location == "-") {
    result = remembered(request, [&] { return get_standard_input(request); });
  } else if (is_http_url(trim(location))) {
    result = remembered(request, [&] { return download(request); });
  } else if (is_xtream_url(trim(location))) {
    result = remembered(request, [&] { return get_xtream(request); });
  } else if (starts_with_ascii_case(location, "file:")) {
    const auto path = net::path_of_file_url(location);
    result = path ? get_file(*path, request) : fail(path.error());
  } else if (net::has_scheme(location)) {
    result = fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' cannot be read from", excerpt(redact_url(location), 80)),
                  "use a path, file://, http://, https:// or xtream://, or - for standard input");
  } else if (location.empty()) {
    result = fail(ErrorCode::kInvalidArgument, "it has no path and no address",
                  "use a path, file://, http://, https:// or xtream://, or - for standard input");
  } else {
    result = get_file(location, request);
  }
  if (!result) result.error().where.source = request.name;
  return result;
}

std::uint64_t SourceStore::spilled_bytes() const {
  const std::lock_guard lock(mutex_);
  return spilled_;
}

SourceStore::Stored SourceStore::get_file(const std::string& path, const SourceRequest& request) {
  const auto& folders = options_.folders;
  if (folders) M3U_CHECK(folders->check(path));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0)
    return cannot_open(system_error(fmt::format("cannot open {}", path), errno), path);
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
    return remembered(request, [&] { return get_pipe(path, request); });
  M3U_TRY(const auto opened, io::open_file(path, options_.cancel, folders.get()));
  if (info.st_size == 0) return empty_source(path);
  return std::make_shared<const StoredSource>(SourceInfo{.bytes = opened->size(), .error = {}},
                                              [path, cancel = options_.cancel, folders] {
                                                return io::open_file(path, cancel, folders.get());
                                              });
}

SourceStore::Stored SourceStore::get_pipe(const std::string& path, const SourceRequest& request) {
  M3U_TRY(std::unique_ptr<io::ByteSource> pipe,
          io::open_file(path, options_.cancel, options_.folders.get()));
  return keep_if_needed(std::move(pipe), path, request);
}

SourceStore::Stored SourceStore::get_standard_input(const SourceRequest& request) {
  constexpr std::string_view kName = "standard input";
  io::Descriptor descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!descriptor.valid())
    return fail(ErrorCode::kIo, "standard input is closed", "name a file, or use a pipe");
  return keep_if_needed(
      io::make_descriptor_source(std::move(descriptor), std::string(kName), options_.cancel),
      std::string(kName), request);
}

SourceStore::Stored SourceStore::keep_if_needed(std::unique_ptr<io::ByteSource> pipe,
                                                const std::string& what,
                                                const SourceRequest& request) {
  if (request.reads == SourceRequest::Reads::kSeveralTimes) return keep(*pipe, what);
  auto once = std::make_shared<OnceOnly>(std::move(pipe));
  return std::make_shared<const StoredSource>(
      SourceInfo{.bytes = {}, .error = {}},
      [once, what]() -> Result<std::unique_ptr<io::ByteSource>> {
        if (auto source = once->take()) return source;
        return fail(ErrorCode::kInvalidArgument, fmt::format("{} can be read only once", what),
                    "name it in one source only");
      });
}

SourceStore::Stored SourceStore::keep(io::ByteSource& pipe, const std::string& what) {
  M3U_TRY(const std::shared_ptr<io::TempFile> file, new_file());
  std::vector<char> buffer(kCopyBuffer);
  while (true) {
    M3U_TRY(const std::size_t n, pipe.read(buffer));
    if (n == 0) break;
    M3U_CHECK(net::check_download_size(file->size() + n, options_.fetch.max_bytes));
    M3U_CHECK(file->write({buffer.data(), n}));
  }
  if (file->size() == 0) return empty_source(what);
  count_spill(file->size());
  return std::make_shared<const StoredSource>(SourceInfo{.bytes = file->size(), .error = {}},
                                              [file]() -> Result<std::unique_ptr<io::ByteSource>> {
                                                return io::make_temp_file_source(file);
                                              });
}

SourceStore::Stored SourceStore::remembered(const SourceRequest& request,
                                            const std::function<Stored()>& load) {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Slot>& entry = slots_[slot_key(request)];
    if (!entry) entry = std::make_shared<Slot>();
    slot = entry;
  }
  const std::lock_guard lock(slot->mutex);
  if (!slot->result) slot->result = load();
  return *slot->result;
}

SourceStore::Stored SourceStore::download(const SourceRequest& request) {
  return download_as(Content::kDocument, request);
}

net::FetchOptions SourceStore::fetch_options(Content content, const SourceRequest& request) const {
  constexpr int kForbidden = 403;  // what many accounts' servers answer to who asks too fast
  net::FetchOptions options = options_.fetch;
  if (content != Content::kDocument) options.also_temporary = kForbidden;
  if (request.on_progress)
    options.on_progress = [&request](std::uint64_t done, std::uint64_t total) {
      request.on_progress({.bytes = done, .total = total});
    };
  return options;
}

SourceStore::Stored SourceStore::download_as(Content content, const SourceRequest& request) {
  std::optional<CachedCopy> copy;
  if (const SourceCache* kept = cache()) copy = kept->find(request.location);
  M3U_TRY(const std::shared_ptr<io::TempFile> file, new_file());
  auto fetched = net::fetch({.url = request.location,
                             .user_agent = request.user_agent,
                             .headers = request.headers,
                             .etag = copy ? copy->etag : "",
                             .last_modified = copy ? copy->last_modified : ""},
                            fetch_options(content, request), *file, options_.cancel);
  if (fetched) return accept(content, request, *std::move(fetched), file, copy);
  if (!copy || same_failure_next_time(fetched.error())) return fail(std::move(fetched).error());
  return use_copy(*copy, fetched.error());
}

SourceStore::Stored SourceStore::accept(Content content, const SourceRequest& request,
                                        net::FetchResult fetched,
                                        std::shared_ptr<io::TempFile> file,
                                        const std::optional<CachedCopy>& copy) {
  if (fetched.not_modified && copy) {
    SourceCache::confirm(*copy);
    return std::make_shared<const StoredSource>(
        SourceInfo{.bytes = copy->bytes, .not_modified = true, .error = {}},
        [kept = *copy]() -> Result<std::unique_ptr<io::ByteSource>> { return kept.open(); });
  }
  if (fetched.deflated) {
    M3U_TRY(file, inflated(file, fetched));
  }
  if (fetched.partial && copy) return use_copy(*copy, fetched.broken);
  Result<> good;
  if (fetched.bytes == 0)
    good = empty_source(fmt::format("what {} gives", excerpt(redact_url(request.location), 80)));
  else if (content == Content::kReply)
    good = copy ? check_reply(request, file, *copy) : Result<>();
  else if (options_.validate)
    good = options_.validate(request, io::make_temp_file_source(file));
  const bool web_page = good && begins_as_web_page(*file);
  if (web_page && copy)
    good = fail(ErrorCode::kParse,
                fmt::format("{} gives a web page instead of a list or guide",
                            excerpt(redact_url(request.location), 80)),
                "look at it in a browser: the account may have expired");
  if (!good) {
    if (!copy || same_failure_next_time(good.error())) return fail(std::move(good).error());
    return use_copy(*copy, good.error());
  }
  count_spill(fetched.bytes);
  SourceInfo info{.bytes = fetched.bytes, .partial = fetched.partial, .error = {}};
  if (fetched.partial) {
    info.error = std::move(fetched.broken);
  } else if (const SourceCache* kept = web_page ? nullptr : cache()) {
    if (auto stored = kept->store(request.location, fetched.etag, fetched.last_modified, *file);
        !stored)
      log::warn(kModule, "No copy of '{}' is kept: {}", request.name, to_string(stored.error()));
  }
  return std::make_shared<const StoredSource>(
      std::move(info), [file = std::move(file)]() -> Result<std::unique_ptr<io::ByteSource>> {
        return io::make_temp_file_source(file);
      });
}

Result<std::shared_ptr<io::TempFile>> SourceStore::inflated(std::shared_ptr<io::TempFile> file,
                                                            net::FetchResult& fetched) {
  M3U_TRY(std::shared_ptr<io::TempFile> plain, new_file());
  M3U_TRY(const net::Inflated outcome, net::inflate_body(file, options_.fetch.max_bytes, *plain));
  if (outcome == net::Inflated::kNot) return file;
  if (outcome == net::Inflated::kTruncated && !std::exchange(fetched.partial, true))
    fetched.broken = {.code = ErrorCode::kParse, .message = "the deflated data is truncated"};
  fetched.bytes = plain->size();
  return plain;
}

SourceStore::Stored SourceStore::use_copy(const CachedCopy& copy, const Error& error) const {
  SourceInfo info{.bytes = copy.bytes, .from_cache = true, .error = error};
  info.age_s = std::max<std::int64_t>(0, now() - copy.confirmed);
  return std::make_shared<const StoredSource>(
      std::move(info),
      [kept = copy]() -> Result<std::unique_ptr<io::ByteSource>> { return kept.open(); });
}

Result<std::shared_ptr<io::TempFile>> SourceStore::new_file() {
  const std::lock_guard lock(mutex_);
  M3U_TRY(io::TempFolder* const folder, options_.temp_folder());
  M3U_TRY(std::unique_ptr<io::TempFile> file, folder->create_file());
  return std::shared_ptr<io::TempFile>(std::move(file));
}

const SourceCache* SourceStore::cache() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(cache_opened_, true) && !options_.cache_dir.empty()) {
    auto opened = SourceCache::open(options_.cache_dir);
    if (opened)
      cache_ = *std::move(opened);
    else
      log::warn(kModule, "No copies are kept: {}", to_string(opened.error()));
  }
  return cache_ ? &*cache_ : nullptr;
}

std::int64_t SourceStore::now() const {
  return options_.clock ? options_.clock() : static_cast<std::int64_t>(std::time(nullptr));
}

void SourceStore::count_spill(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  spilled_ += bytes;
}

}  // namespace m3u_proxy::sources
