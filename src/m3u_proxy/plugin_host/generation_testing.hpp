// What the tests share that run plugins in whole generations: two playlists, a guide, filters and
// rules, and a folder of plugins.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/formats/m3u_testing.hpp>
#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>
#include <m3u_proxy/plugin_host/plugin_testing.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::plugin_host {

class GenerationWithPlugins : public testing::Test {
 protected:
  GenerationWithPlugins() {
    EXPECT_TRUE(log::configure("off"));
    settings_.enabled = true;
    settings_.plugin_directory = (folder_ / "plugins").string();
    settings_.cache_directory = (folder_ / "cache").string();
    settings_.max_plugin_failures = 0;
    std::filesystem::create_directory(folder_ / "plugins");
    outputs_ = {.playlist = folder_ / "p.m3u", .guide = folder_ / "p.xmltv"};
    context_ = {.budget = &budget_,
                .slabs = &slabs_,
                .spill = &spill_,
                .cancel = &cancel_,
                .now = 1'790'000'000};
  }
  ~GenerationWithPlugins() override { EXPECT_TRUE(log::configure("")); }

  /// `channels` of which each has its own number in its name, address and id.
  static std::string playlist(const std::string& name, int channels) {
    std::string text = "#EXTM3U\n";
    for (int i = 0; i < channels; ++i)
      text += fmt::format(
          "#EXTINF:-1 tvg-id=\"{0}{1}\" group-title=\"G{2}\" catchup=\"default\",{0} {1}\n"
          "#EXTVLCOPT:x={1}\nhttp://h/{0}/{1}\n",
          name, i, i % 9);
    return text;
  }
  void add_source(const std::string& name, std::string text, std::string plugin = {}) {
    channels::PlaylistSource source;
    source.name = name;
    source.url = "http://example.org/" + name;
    source.open = [text = std::move(text)]() -> Result<std::unique_ptr<io::ByteSource>> {
      return std::make_unique<formats::TextSource>(text);
    };
    source.plugin = std::move(plugin);
    config_.sources.push_back(std::move(source));
  }
  void add_guide(const std::string& channel, int channels, int programmes) {
    std::string text = "<tv>\n";
    for (int i = 0; i < programmes; ++i)
      text += fmt::format(
          "<programme start=\"20260101{:02}0000 +0000\" stop=\"20260101{:02}3000 +0000\" "
          "channel=\"{}{}\"><title>Film {}</title></programme>\n",
          i % 24, i % 24, channel, i % channels, i);
    guide::EpgSource source;
    source.name = "guide";
    source.open = [text = text + "</tv>\n"]() -> Result<std::unique_ptr<io::ByteSource>> {
      return std::make_unique<formats::TextSource>(text);
    };
    config_.epg_sources.push_back(std::move(source));
  }
  void set_rule(const std::string& text) {
    config_.channel_rules = std::make_shared<rules::RuleSet>(std::vector<rules::NamedRule>{
        {.name = "rule", .rule = *rules::compile_rule(catalog::Domain::kChannels, text)}});
  }
  void exclude(const std::string& text) {
    config_.channel_filters = std::make_shared<rules::FilterSet>(std::vector<rules::NamedFilter>{
        {.name = "filter",
         .action = rules::FilterAction::kExclude,
         .filter = *rules::compile_filter(catalog::Domain::kChannels, text)}});
  }

  /// Writes a plugin into the folder; `capabilities` are lines of that section, `more` follows.
  void install(const TestModule& module, std::string_view capabilities,
               std::string_view more = {}) const {
    std::string stages;
    for (const char c : module.stages) stages += c == ',' ? "\", \"" : std::string(1, c);
    write_file(folder_ / ("plugins/" + module.name + ".wat"), module.text());
    write_file(folder_ / ("plugins/" + module.name + ".toml"),
               fmt::format("[plugin]\nname = \"{0}\"\nversion = \"{1}\"\nwasm = \"{0}.wat\"\n"
                           "abi = 1\n[capabilities]\nstages = [\"{2}\"]\n{3}\n{4}\n",
                           module.name, module.version, stages, capabilities, more));
  }
  /// Begins anew with the plugins that are installed; without this there are none.
  PluginHost& use_plugins() {
    host_ = std::make_unique<PluginHost>(
        PluginHost::Options{.settings = settings_,
                            .compile = {.cache = settings_.cache_directory},
                            .budget = &budget_,
                            .leak_threshold_mb = leak_threshold_mb_});
    config_.plugins = [this]() -> Result<std::unique_ptr<generation::StagePlugins>> {
      M3U_CHECK(host_->refresh());
      return host_->begin_run();
    };
    return *host_;
  }
  Result<generation::GenerationStats> run(
      memory::MemoryPressureLevel level = memory::MemoryPressureLevel::kOptimal) {
    // What the test program itself takes is no part of the limit.
    const Bytes fixed = memory::process_memory().resident().value_or(Bytes{}) - budget_.used();
    memory::MemoryWatch memory(budget_, {.fixed = fixed});
    generation::FilePublisher publisher(outputs_);
    return generation::generate(config_, publisher, context_,
                                {.watch = {.memory = &memory, .least_level = level},
                                 .begin_at = level,
                                 .spill_folder = folder_.path()});
  }
  [[nodiscard]] std::string playlist_text() const { return read_file(outputs_.playlist); }
  [[nodiscard]] std::string guide_text() const { return read_file(outputs_.guide); }

  io::TestFolder folder_;
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  spill::SpillSpace spill_{{.folder = folder_.path(), .tmpfs = io::TempFolder::Tmpfs::kAllow}};
  CancelToken cancel_;
  pipeline::RunContext context_;
  generation::ResolvedProxyConfig config_;
  generation::OutputPaths outputs_;
  plugins::PluginSettings settings_;
  double leak_threshold_mb_ = 50;
  std::unique_ptr<PluginHost> host_;
};

}  // namespace m3u_proxy::plugin_host
