// PluginHost: the plugins of a folder, compiled once, watched for changes, and their state over
// several generations: failures, quarantine, instances that are kept, growth.
//
// refresh(), reload(), clear(), what is only planned of these, views() and begin_run() are called
// by one thread at a time, also while generations are under way: each has the plugins as they were
// when it began. The rest is thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/memory/alerts.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/plugin_host/module_cache.hpp>
#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_host/plugin_profiles.hpp>
#include <m3u_proxy/plugin_host/quarantine.hpp>
#include <m3u_proxy/plugins/manifest.hpp>
#include <m3u_proxy/plugins/plugin_plan.hpp>
#include <m3u_proxy/plugins/plugin_view.hpp>

namespace m3u_proxy::plugin_host {

/// A plugin of one content of its files. Constant; shared by all who run it.
class Plugin {
 public:
  /// Reads manifest and module, compiles where there is no compiled copy yet. Errors: kConfig,
  /// kNotFound, kIo; kPlugin when the module is not one we can run.
  static Result<std::shared_ptr<const Plugin>> load(const std::filesystem::path& file,
                                                    const CompileOptions& options);

  [[nodiscard]] const plugins::Manifest& manifest() const { return manifest_; }
  [[nodiscard]] const std::shared_ptr<const WasmModule>& module() const { return module_; }
  /// A key of the content of the module.
  [[nodiscard]] const std::string& content_key() const { return content_key_; }
  [[nodiscard]] bool was_cached() const { return was_cached_; }
  /// The temporary files of all its instances.
  [[nodiscard]] const std::shared_ptr<memory::Budget>& temp_quota() const { return temp_quota_; }

 private:
  plugins::Manifest manifest_;
  std::shared_ptr<const WasmModule> module_;
  std::string content_key_;
  bool was_cached_ = false;
  std::shared_ptr<memory::Budget> temp_quota_ = std::make_shared<memory::Budget>();
};

class PluginHost final : public memory::MemoryCleanable {
 public:
  struct Options {
    plugins::PluginSettings settings;
    CompileOptions compile;
    memory::Budget* budget = nullptr;         ///< outlives the host
    std::function<void()> request_cleanup{};  ///< thread-safe; may be empty
    double leak_threshold_mb = 50;            ///< 0: nobody watches
  };
  explicit PluginHost(Options options);
  ~PluginHost() override;
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  /// Looks at the folder: new plugins come, changed ones are loaded again, vanished ones go.
  /// Generations under way keep what they have. A plugin that cannot be loaded is a warning in the
  /// log; where one was loaded before, that one goes on. Error: kNotFound when there is no such
  /// folder.
  Result<> refresh();
  /// The same with every file, changed or not, whatever enable_hot_reload says.
  Result<plugins::PluginReload> reload();
  /// What reload() would do, as far as that shows without compiling; nothing is done. Error: as
  /// reload().
  [[nodiscard]] Result<plugins::PlannedReload> plan_reload() const;
  /// Lets a plugin run again that failed too often, and loads it anew, compiled afresh. Errors:
  /// kNotFound when there is none of that name; kIo.
  Result<> clear(const std::string& name);
  /// What clear() would drop.
  [[nodiscard]] plugins::PluginLeavings leavings(const std::string& name) const;
  /// All plugins of the folder, by name.
  [[nodiscard]] std::vector<plugins::PluginView> views() const;

  /// What is loaded, by name, with what its m3u_info said.
  struct Entry {
    std::shared_ptr<const Plugin> plugin;
    plugins::PluginInfo info;
    std::filesystem::file_time_type manifest_time;  ///< of the files that were looked at last
    std::filesystem::file_time_type wasm_time;
    std::filesystem::path wasm;  ///< which of them is the module
    std::string problem{};       ///< why those were not taken; empty: they were
  };
  [[nodiscard]] const std::map<std::string, Entry>& plugins() const { return plugins_; }
  /// What is in the folder and could not be loaded.
  struct Unusable {
    Error error;
    plugins::OnFailure on_failure = plugins::OnFailure::kFail;
    std::filesystem::file_time_type manifest_time;
    std::filesystem::file_time_type wasm_time;
  };
  [[nodiscard]] const std::map<std::string, Unusable>& unusable() const { return unusable_; }
  /// While no generation is under way.
  [[nodiscard]] const Quarantine& quarantine() const { return quarantine_; }
  /// The record of a plugin that may not run now; nullopt when it may. Thread-safe.
  [[nodiscard]] std::optional<Quarantine::Record> quarantined(const Plugin& plugin) const;

  /// The plugins of one generation.
  std::unique_ptr<generation::StagePlugins> begin_run();

  // What the run of a plugin needs; see stage_plugin.hpp.
  [[nodiscard]] const plugins::PluginSettings& settings() const { return options_.settings; }
  /// An instance of `plugin` that is kept, or a new one. Errors: as PluginInstance::create().
  Result<std::unique_ptr<PluginInstance>> take_instance(const Plugin& plugin,
                                                        const PluginInstance::Run& run);
  /// Keeps a good instance for the next generation, or drops one that grew too much.
  /// `chunks`: how many it worked on in the generation.
  void give_back(const Plugin& plugin, std::unique_ptr<PluginInstance> instance,
                 std::uint64_t chunks);
  [[nodiscard]] plugins::Permissions permissions_of(const plugins::Manifest& manifest) const;
  [[nodiscard]] plugins::OnFailure on_failure(const plugins::Manifest& manifest) const;
  /// A generation is over in which the plugin failed so often; 0: it went well.
  void note_result(const Plugin& plugin, std::uint64_t failures, const std::string& reason);
  /// What a plugin did in one stage of a generation.
  void note_work(const generation::PluginStats& stats) { profiles_.add(stats); }
  /// Instances that are kept: Basic leaves them, Smart drops those that the last generation did not
  /// take, Aggressive all. Thread-safe.
  std::size_t basic_cleanup() override { return 0; }
  std::size_t smart_cleanup() override;
  std::size_t aggressive_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

  /// Plugins whose memory grew beyond the threshold since the last call; their instances are gone.
  std::vector<memory::PluginGrowth> take_growth();

 private:
  struct Idle {
    std::string content_key;
    std::unique_ptr<PluginInstance> instance;
    std::uint64_t generation = 0;  ///< in which it was used
  };
  enum class Look : std::uint8_t { kChanged, kAll };
  Result<plugins::PluginReload> look(Look which);
  /// The manifests of the folder, in order. Error: kNotFound when there is no such folder.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> manifests() const;
  void look_at(const std::filesystem::path& file, Look which, plugins::PluginReload& out);
  struct FileTimes {
    std::filesystem::file_time_type manifest{};
    std::filesystem::file_time_type wasm{};
  };
  [[nodiscard]] FileTimes times_of(const std::filesystem::path& manifest) const;
  void plan(const std::filesystem::path& file, plugins::PlannedReload& out) const;
  static Error name_is_taken(const std::filesystem::path& file, const std::string& name);
  void replace(const std::string* known, Entry entry, plugins::PluginReload& out);
  void keep_out(const std::filesystem::path& file, Unusable failure, Entry* known,
                plugins::PluginReload& out);
  Result<Entry> load(const std::filesystem::path& file);
  [[nodiscard]] const plugins::PluginOverride* override_of(const std::string& name) const;
  void drop_instances(const std::string& name);
  [[nodiscard]] bool is_unused(const Idle& kept) const { return kept.generation + 1 < generation_; }
  Bytes drop_idle(Bytes wanted);

  Options options_;
  std::map<std::string, Entry> plugins_;
  std::map<std::string, Unusable> unusable_;           // by the manifest's file name
  std::map<std::string, plugins::Manifest> disabled_;  // likewise
  PluginProfiles profiles_;
  Quarantine quarantine_;
  mutable std::mutex mutex_;
  std::multimap<std::string, Idle> idle_;
  std::uint64_t generation_ = 0;  // begun so far
  std::vector<memory::PluginGrowth> grown_;
  std::size_t reclaimer_ = 0;
};

}  // namespace m3u_proxy::plugin_host
