#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/hash_text.hpp>
#include <m3u_proxy/plugin_host/module_cache.hpp>
#include <m3u_proxy/plugin_host/wasm_module.hpp>

namespace m3u_proxy::plugin_host {
namespace {

constexpr std::uintmax_t kMaxModule = std::uintmax_t{64} << 20U;
constexpr std::chrono::seconds kCompileTimeout{60};
constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// Reads `size` bytes piece by piece: use(piece), a Result<>, is called for each. Returns their
/// hash. Error: kIo when there are not so many.
template <typename Use>
Result<XXH128_hash_t> read_pieces(std::ifstream& in, std::uintmax_t size, const Use& use) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> piece(kPiece);
  while (size != 0) {
    const std::size_t wanted = std::min<std::uintmax_t>(size, piece.size());
    if (!in.read(piece.data(), static_cast<std::streamsize>(wanted)))
      return fail(ErrorCode::kIo, "cannot read it");
    XXH3_128bits_update(state.get(), piece.data(), wanted);
    M3U_CHECK(use(std::span(reinterpret_cast<const std::uint8_t*>(piece.data()), wanted)));
    size -= wanted;
  }
  return XXH3_128bits_digest(state.get());
}

constexpr auto kOnlyHash = [](std::span<const std::uint8_t>) { return Result<>(); };

/// The same of a whole module. Error: kPlugin when the file is too large for one.
template <typename Use>
Result<XXH128_hash_t> read_module(const std::filesystem::path& file, const Use& use) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return fail(system_error("cannot read the module " + file.string(), error.value()));
  if (size > kMaxModule)
    return fail(ErrorCode::kPlugin, fmt::format("{} has {} MB; a module has 64 MB at most",
                                                file.string(), size >> 20U));
  std::ifstream in(file, std::ios::binary);
  const auto hash = read_pieces(in, size, use);
  if (!in) return fail(ErrorCode::kIo, "cannot read the module " + file.string());
  return hash;
}

std::string key_of(const XXH128_hash_t& content, std::string_view text) {
  return io::hash_text(io::hash_text(content).append(text));
}

/// Waits for a child and kills it when it takes too long; its exit code, -1 for any other end.
int wait_for(::pid_t child) {
  const auto deadline = std::chrono::steady_clock::now() + kCompileTimeout;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Result<> compile_in_child(const std::filesystem::path& compiler, const std::filesystem::path& wasm,
                          const std::filesystem::path& out) {
  const std::string program = compiler.string();
  const std::string in = wasm.string();
  const std::string to = out.string();
  std::array<std::string, 5> words = {program, "plugin", "compile", in, to};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  ::pid_t child = 0;
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  // Why it failed comes through a file.
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int error =
      ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail(system_error("cannot start " + program, error));
  const int code = wait_for(child);
  if (code == 0) return {};
  std::ifstream reason(to + ".error");
  std::string text((std::istreambuf_iterator<char>(reason)), {});
  std::error_code ignored;
  std::filesystem::remove(to + ".error", ignored);
  if (text.empty()) text = "compiling it took too long or too much memory";
  return fail(ErrorCode::kPlugin, text);
}

int write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ::ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

using Seal = std::array<std::uint8_t, sizeof(XXH128_canonical_t)>;

Seal seal_of(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return std::to_array(canonical.digest);
}

/// A file that only we can change.
int open_private(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/// Writes so that check_seal() finds damage: the engine would run damaged code as it is.
Result<> write_private(const std::filesystem::path& file, std::span<const std::uint8_t> bytes) {
  const int fd = open_private(file);
  if (fd < 0) return fail(system_error("cannot write " + file.string(), errno));
  int error = write_all(fd, bytes);
  if (error == 0) error = write_all(fd, seal_of(XXH3_128bits(bytes.data(), bytes.size())));
  ::close(fd);
  return error == 0 ? Result<>() : fail(system_error("cannot write " + file.string(), error));
}

/// Errors: kIo; kPlugin when it is not as write_private() wrote it.
Result<> check_seal(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (!in || error) return fail(ErrorCode::kIo, "cannot read it");
  Seal seal{};
  M3U_TRY(const XXH128_hash_t hash,
          read_pieces(in, size < seal.size() ? 0 : size - seal.size(), kOnlyHash));
  in.read(reinterpret_cast<char*>(seal.data()), seal.size());
  if (in && seal == seal_of(hash)) return {};
  return fail(ErrorCode::kPlugin, "it is damaged");
}

Result<ModulePtr> read_compiled(const std::filesystem::path& file) {
  M3U_CHECK(check_seal(file));
  return WasmModule::deserialize(file);
}

/// In this process: 18 MB and more.
Result<ModulePtr> compile_here(const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes;
  M3U_CHECK(read_module(file, [&](std::span<const std::uint8_t> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return Result<>();
  }));
  auto module = WasmModule::compile(bytes);
  if (module) return module;
  Error error = std::move(module).error();
  error.where.source = file.string();
  return fail(std::move(error));
}

/// A copy of the module that has the hash `content`, whatever is under its name by now.
Result<> copy_module(const std::filesystem::path& wasm, const XXH128_hash_t& content,
                     const std::filesystem::path& to) {
  const int fd = open_private(to);
  if (fd < 0) return fail(system_error("cannot write " + to.string(), errno));
  const auto copied = read_module(wasm, [&](std::span<const std::uint8_t> piece) {
    const int error = write_all(fd, piece);
    return error == 0 ? Result<>() : fail(system_error("cannot write " + to.string(), error));
  });
  ::close(fd);
  M3U_CHECK(copied);
  if (!XXH128_isEqual(*copied, content))
    return fail(ErrorCode::kIo, wasm.string() + " changes while it is read");
  return {};
}

/// Compiles to `cached`, in a folder that is there, and reads it from there.
Result<ModulePtr> compile_into(const std::filesystem::path& cached,
                               const std::filesystem::path& wasm, const CompileOptions& options,
                               const XXH128_hash_t& content) {
  static std::atomic<unsigned> number = 0;  // several threads may compile the same
  const std::filesystem::path fresh =
      cached.parent_path() /
      fmt::format(".{}.{}.{}", cached.filename().string(), ::getpid(), number.fetch_add(1));
  if (options.compiler.empty()) {
    M3U_TRY(ModulePtr module, compile_here(wasm));
    M3U_TRY(const auto code, WasmModule::serialize(*module));
    M3U_CHECK(write_private(fresh, code));
  } else {
    const std::filesystem::path copy = fresh.string() + ".in";
    auto compiled = copy_module(wasm, content, copy);
    if (compiled) compiled = compile_in_child(options.compiler, copy, fresh);
    std::error_code ignored;
    std::filesystem::remove(copy, ignored);
    M3U_CHECK(compiled);
  }
  std::error_code error;
  std::filesystem::rename(fresh, cached, error);
  if (error) return fail(system_error("cannot write " + cached.string(), error.value()));
  return read_compiled(cached);
}

/// Where the cache cannot be used: compiled all the same, and not in this process as long as there
/// is somewhere to put the result.
Result<ModulePtr> compile_once(const std::filesystem::path& wasm, const CompileOptions& options,
                               const XXH128_hash_t& content) {
  if (options.compiler.empty()) return compile_here(wasm);
  std::error_code error;
  std::string folder = std::filesystem::temp_directory_path(error) / "m3u-proxy-XXXXXX";
  if (error || ::mkdtemp(folder.data()) == nullptr) {
    Error failure = system_error("cannot make the folder " + folder, errno);
    failure.hint = "set [wasm_plugins] cache_directory to a folder that can be written";
    return fail(std::move(failure));
  }
  auto module = compile_into(std::filesystem::path(folder) / "module", wasm, options, content);
  std::filesystem::remove_all(folder, error);  // what is mapped of it stays
  return module;
}

Result<std::filesystem::path> make_folder(const CompileOptions& options) {
  std::filesystem::path folder = cache_folder(options);
  if (folder.empty()) return fail(ErrorCode::kNotFound, "there is no cache folder");
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) return fail(system_error("cannot make the folder " + folder.string(), error.value()));
  if (made) ::chmod(folder.c_str(), 0700);
  return folder;
}

/// What the compiled copy of a module is called in the cache.
std::string compiled_name(const XXH128_hash_t& content) {
  return key_of(content, engine_version()) + ".cwasm";
}

/// From the cache, where it is compiled into first when it is not there. Error: kPlugin when the
/// module is at fault; anything else is about the cache.
Result<ModulePtr> load_cached(const std::filesystem::path& wasm, const CompileOptions& options,
                              const XXH128_hash_t& content, bool& was_cached) {
  M3U_TRY(const std::filesystem::path folder, make_folder(options));
  const std::filesystem::path cached = folder / compiled_name(content);
  std::error_code error;
  if (std::filesystem::exists(cached, error)) {
    auto module = read_compiled(cached);
    was_cached = module.has_value();
    if (module) return module;
    log::warn("plugins", "{}: {}; compiled again", cached.string(), module.error().message);
    std::filesystem::remove(cached, error);
  }
  return compile_into(cached, wasm, options, content);
}

}  // namespace

std::filesystem::path cache_folder(const CompileOptions& options) {
  if (!options.cache.empty()) return options.cache;
  const auto beside = [](const char* variable, const char* below) -> std::filesystem::path {
    const char* const value = std::getenv(variable);
    if (value == nullptr || *value == '\0') return {};
    return std::filesystem::path(value) / below;
  };
  auto folder = beside("XDG_CACHE_HOME", "m3u-proxy/plugins");
  return folder.empty() ? beside("HOME", ".cache/m3u-proxy/plugins") : folder;
}

Result<LoadedModule> load_module(const std::filesystem::path& wasm, const CompileOptions& options) {
  M3U_TRY(const XXH128_hash_t content, read_module(wasm, kOnlyHash));
  LoadedModule out;
  out.content_key = key_of(content, {});
  auto module = load_cached(wasm, options, content, out.was_cached);
  if (!module && module.error().code != ErrorCode::kPlugin) {
    log::warn("plugins", "{}; compiled for this run only", to_string(module.error()));
    module = compile_once(wasm, options, content);
  }
  if (!module) {
    Error failure = std::move(module).error();
    if (failure.where.source.empty()) failure.where.source = wasm.string();
    return fail(std::move(failure));
  }
  auto linked = WasmModule::link(*std::move(module));
  if (!linked) {
    Error error = std::move(linked).error();
    error.where.source = wasm.string();
    return fail(std::move(error));
  }
  out.module = *std::move(linked);
  return out;
}

Result<std::string> content_key_of(const std::filesystem::path& wasm) {
  M3U_TRY(const XXH128_hash_t content, read_module(wasm, kOnlyHash));
  return key_of(content, {});
}

Bytes compiled_size(const std::filesystem::path& wasm, const CompileOptions& options) {
  const std::filesystem::path folder = cache_folder(options);
  const auto content = read_module(wasm, kOnlyHash);
  if (folder.empty() || !content) return {};
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(folder / compiled_name(*content), error);
  return error ? Bytes{} : Bytes{size};
}

Result<> forget_module(const std::filesystem::path& wasm, const CompileOptions& options) {
  const std::filesystem::path folder = cache_folder(options);
  const auto content = read_module(wasm, kOnlyHash);
  if (folder.empty() || !content) return {};
  const std::filesystem::path cached = folder / compiled_name(*content);
  std::error_code error;
  std::filesystem::remove(cached, error);  // what is mapped of it stays
  if (error) return fail(system_error("cannot remove " + cached.string(), error.value()));
  return {};
}

Result<> compile_module_file(const std::filesystem::path& wasm, const std::filesystem::path& out) {
  M3U_TRY(const ModulePtr module, compile_here(wasm));
  M3U_TRY(const auto code, WasmModule::serialize(*module));
  return write_private(out, code);
}

}  // namespace m3u_proxy::plugin_host
