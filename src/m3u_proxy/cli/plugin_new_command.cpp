#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include <fmt/format.h>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/own_program.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>

namespace m3u_proxy::cli {
namespace {

namespace fs = std::filesystem;

/// How far above the program the SDK of a clone may be.
constexpr int kLevels = 4;

/// The folder of the SDK: of the installation that the program is part of, or of the clone that it
/// was built in.
Result<fs::path> find_sdk() {
  std::error_code error;
  fs::path folder = own_program().parent_path();
  fs::path installed = folder.parent_path() / "share/m3u-proxy/sdk";
  if (fs::is_directory(installed / "templates", error)) return installed;
  for (int level = 0; level < kLevels; ++level) {
    if (fs::is_directory(folder / "sdk/templates", error)) return folder / "sdk";
    folder = folder.parent_path();
  }
  return fail(ErrorCode::kNotFound, "the SDK is not there",
              fmt::format("it belongs to {}", installed.string()));
}

/// What is in the templates for the new plugin's own words.
class Words {
 public:
  Words(const std::string& name, const fs::path& sdk) {
    std::string identifier = name;
    std::ranges::replace(identifier, '-', '_');
    words_ = {{{"@NAME@", name}, {"@IDENTIFIER@", identifier}, {"@SDK@", sdk.string()}}};
  }
  [[nodiscard]] std::string fill(std::string text) const {
    for (const auto& [mark, word] : words_)
      for (std::size_t at = text.find(mark); at != std::string::npos;
           at = text.find(mark, at + word.size()))
        text.replace(at, mark.size(), word);
    return text;
  }

 private:
  std::array<std::pair<std::string_view, std::string>, 3> words_;
};

Result<> copy_file(const fs::path& from, const fs::path& to, const Words& words) {
  errno = 0;
  std::ifstream in(from, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(system_error("cannot read " + from.string(), errno));
  std::ofstream out(to, std::ios::binary);
  out << words.fill(text);
  out.close();
  if (!out) return fail(system_error("cannot write " + to.string(), errno));
  std::error_code error;  // a script that can't be made executable can be given to its shell
  fs::permissions(to, fs::status(from, error).permissions(), error);
  return {};
}

Result<> copy_folder(const fs::path& from, const fs::path& to, const Words& words) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return fail(system_error("cannot make " + to.string(), error.value()));
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
    const fs::path target = to / words.fill(entry.path().filename().string());
    M3U_CHECK(entry.is_directory(error) ? copy_folder(entry.path(), target, words)
                                        : copy_file(entry.path(), target, words));
  }
  if (error) return fail(system_error("cannot read " + from.string(), error.value()));
  return {};
}

Result<> make_plugin(const PluginNewOptions& options, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error))
    return fail(ErrorCode::kInvalidArgument, folder.string() + " is there already",
                "give another folder with --into");
  M3U_TRY(const fs::path sdk, find_sdk());
  const std::string_view language = options.language == PluginLanguage::kCpp ? "cpp" : "rust";
  return copy_folder(sdk / "templates" / language, folder, Words(options.name, sdk));
}

}  // namespace

ExitCode run_plugin_new(const PluginNewOptions& options) {
  const fs::path folder = options.into.value_or(options.name);
  if (const auto made = make_plugin(options, folder); !made) return report_error(made.error());
  print("{} is made; its README.md says how to go on\n", folder.string());
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
