#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_tools/run_alone.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using plugins::PluginStage;

/// Answers of a stage as playlist text.
class AnswerWriter {
 public:
  AnswerWriter(PluginStage stage, memory::SlabPool& slabs, io::ByteSink& out)
      : stage_(stage),
        batch_(slabs),
        out_(out),
        memory_(slabs.budget(), memory::Tag::kOutput),
        frame_(&memory_),
        text_(&memory_) {}

  Result<> begin() {
    formats::write_m3u_header({}, text_);
    return flush();
  }
  Result<> write(Chunk answer) {
    frame_.assign(answer.begin(), answer.end());
    if (stage_ == PluginStage::kM3uGeneration)
      return out_.write({reinterpret_cast<const char*>(frame_.data()), frame_.size()});
    M3U_CHECK(catalog::verify_frame(frame_));
    batch_.clear();
    catalog::load_frame(frame_, batch_);
    formats::write_m3u(batch_, {}, text_, problems_);
    return flush();
  }

 private:
  Result<> flush() {
    M3U_CHECK(out_.write(text_));
    text_.clear();
    return {};
  }

  PluginStage stage_;
  catalog::ChannelBatch batch_;
  io::ByteSink& out_;
  memory::BudgetResource memory_;
  std::pmr::vector<std::uint8_t> frame_;
  formats::OutputText text_;
  ProblemLog problems_;
};

}  // namespace

Result<> run_alone(Workbench& bench, PluginStage stage, std::unique_ptr<io::ByteSource> input,
                   io::ByteSink& out) {
  return memory::guarded([&]() -> Result<> {
    M3U_TRY(const auto chunks,
            make_chunks(stage, std::move(input), bench.slabs(), usual_rows(stage)));
    M3U_TRY(const auto instance, bench.make_instance());
    AnswerWriter writer(stage, bench.slabs(), out);
    M3U_CHECK(writer.begin());
    return run_generation(*instance, stage, bench.context(), *chunks,
                          [&](AnswerTime, Chunk answer) { return writer.write(answer); });
  });
}

}  // namespace m3u_proxy::plugin_tools
