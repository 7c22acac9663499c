// bench_generate: writes a playlist of N channels and a guide of M MB for it, always the same.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <m3u_proxy/base/bytes.hpp>

#include "guide_generator.hpp"
#include "playlist_generator.hpp"
#include "sample_text.hpp"

namespace m3u_proxy::bench {
namespace {

struct Options {
  std::uint64_t channels = 1000;
  double guide_mb = 0;
  std::string playlist_out;
  std::string guide_out;
  std::string playlist_from;
  std::string guide_from;
};

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, fmt::format("cannot read {}", path));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<File> create_file(const std::string& path) {
  File file(std::fopen(path.c_str(), "wb"));
  if (!file) return fail(ErrorCode::kIo, fmt::format("cannot write {}", path));
  return file;
}

Result<> write_all(std::FILE* file, std::string_view text, const std::string& path) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size()) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot write {}", path));
}

Result<> write_playlist(const PlaylistGenerator& playlist, const Options& options) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  M3U_TRY(const File file, create_file(options.playlist_out));
  std::string out = "#EXTM3U\n";
  for (std::uint64_t i = 0; i < options.channels; ++i) {
    playlist.append_entry(out, i);
    if (out.size() < kPiece) continue;
    M3U_CHECK(write_all(file.get(), out, options.playlist_out));
    out.clear();
  }
  return write_all(file.get(), out, options.playlist_out);
}

Result<> write_guide(const PlaylistGenerator& playlist, const Options& options) {
  M3U_TRY(const std::string text, options.guide_from.empty() ? Result<std::string>(sample_guide())
                                                             : read_file(options.guide_from));
  M3U_TRY(const GuideGenerator guide, GuideGenerator::from(text));
  M3U_TRY(const File file, create_file(options.guide_out));
  const GuideSize size{.bytes = {static_cast<std::uint64_t>(options.guide_mb * 1048576)},
                       .channels = options.channels};
  return guide.write(playlist, size, [&](std::string_view piece) {
    return write_all(file.get(), piece, options.guide_out);
  });
}

Result<> generate(const Options& options) {
  M3U_TRY(const std::string text, options.playlist_from.empty()
                                      ? Result<std::string>(sample_playlist())
                                      : read_file(options.playlist_from));
  M3U_TRY(const PlaylistGenerator playlist, PlaylistGenerator::from(text));
  if (!options.playlist_out.empty()) M3U_CHECK(write_playlist(playlist, options));
  if (!options.guide_out.empty()) M3U_CHECK(write_guide(playlist, options));
  return {};
}

}  // namespace
}  // namespace m3u_proxy::bench

int main(int argc, char** argv) {
  m3u_proxy::bench::Options options;
  CLI::App app("Writes a playlist and a matching guide of any size, always the same.");
  app.add_option("--channels", options.channels, "channels of the playlist");
  app.add_option("--playlist-out", options.playlist_out, "playlist to write");
  app.add_option("--guide-mb", options.guide_mb, "size of the guide in MB");
  app.add_option("--guide-out", options.guide_out, "guide to write");
  app.add_option("--playlist", options.playlist_from, "playlist to scale (default: built in)");
  app.add_option("--guide", options.guide_from, "guide to scale (default: built in)");
  CLI11_PARSE(app, argc, argv);
  const auto done = m3u_proxy::bench::generate(options);
  if (done) return 0;
  fmt::print(stderr, "bench_generate: {}\n", m3u_proxy::to_string(done.error()));
  return 1;
}
