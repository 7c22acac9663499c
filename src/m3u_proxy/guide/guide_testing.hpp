// What the tests of the guide share: sources from strings, and a guide made of them as a string.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::guide {

/// A source that gives `text`.
inline EpgSource epg_source(std::string name, std::string text,
                            std::int64_t time_offset_seconds = 0) {
  EpgSource source;
  source.name = std::move(name);
  source.time_offset_seconds = time_offset_seconds;
  source.open = [text = std::move(text)]() -> Result<std::unique_ptr<io::ByteSource>> {
    return std::make_unique<io::MemorySource>(text);
  };
  return source;
}

/// Makes guides; its members are what a test may want to set.
struct GuideMaker {
  GuideOptions options;
  std::vector<GuideChannel> channels;
  std::vector<EpgSource> sources;
  const rules::FilterSet* filters = nullptr;
  const rules::RuleSet* rules = nullptr;
  const rules::RuleSet* channel_rules = nullptr;
  std::size_t threads = 1;
  std::int64_t now = 0;
  Bytes limit = memory::Budget::kUnlimited;
  bool cancelled = false;
  bool may_spill = true;

  struct Made {
    std::string guide;  ///< what was written
    GuideResult result;
    std::optional<Error> error;
    Bytes peak;
    std::uint64_t spilled = 0;  ///< bytes that went to disk
    Bytes left;                 ///< still reserved at the end, kept slabs apart

    /// The guide without its head and tail.
    [[nodiscard]] std::string body() const {
      const std::size_t begin = guide.find("generator-info-name=\"m3u-proxy\">\n");
      const std::size_t end = guide.rfind("</tv>\n");
      if (begin == std::string::npos || end == std::string::npos) return "no guide";
      return guide.substr(begin + 33, end - begin - 33);
    }
  };

  Made make() {
    Made made;
    io::TestFolder folder;
    memory::Budget budget(limit);
    CancelToken cancel;
    if (cancelled) cancel.cancel();
    {
      memory::SlabPool slabs(budget);
      spill::SpillSpace space({.folder = folder.path(), .tmpfs = io::TempFolder::Tmpfs::kAllow});
      const pipeline::RunContext context{.budget = &budget,
                                         .slabs = &slabs,
                                         .spill = may_spill ? &space : nullptr,
                                         .cancel = &cancel,
                                         .threads = threads,
                                         .now = now};
      GuideGenerator generator(context, options, filters, rules, channel_rules);
      auto temp = io::TempFolder::create(folder.path());
      auto out = io::AtomicFile::create(folder / "guide.xmltv");
      if (!temp || !out) {
        ADD_FAILURE() << "no folder to write to";
        return made;
      }
      run(generator, **out, **temp, made);
      made.spilled = space.stats().total;
    }
    made.peak = budget.peak();
    made.left = budget.used();
    std::ifstream file(folder / "guide.xmltv");
    std::stringstream text;
    text << file.rdbuf();
    made.guide = text.str();
    return made;
  }

 private:
  void run(GuideGenerator& generator, io::AtomicFile& out, io::TempFolder& temp, Made& made) {
    for (const GuideChannel& channel : channels)
      if (auto added = generator.add_channel(channel); !added) {
        made.error = added.error();
        return;
      }
    auto result = generator.generate(sources, out, temp);
    if (!result) {
      made.error = result.error();
      return;
    }
    made.result = *std::move(result);
    if (made.result.failed) return;
    EXPECT_TRUE(out.publish().has_value());
  }
};

}  // namespace m3u_proxy::guide
