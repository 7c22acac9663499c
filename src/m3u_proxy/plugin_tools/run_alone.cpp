#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/programmes/programme_columns.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_tools/run_alone.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using plugins::PluginStage;

/// Answers of a stage as the text of a playlist or a guide.
class AnswerWriter {
 public:
  AnswerWriter(PluginStage stage, memory::SlabPool& slabs, io::ByteSink& out)
      : stage_(stage),
        out_(out),
        memory_(slabs.budget(), memory::Tag::kOutput),
        batch_(slabs),
        columns_(slabs),
        rows_(&memory_),
        frame_(&memory_),
        text_(&memory_) {}

  Result<> begin() {
    if (stage_ == PluginStage::kEpg)
      text_ += formats::xmltv_header({});
    else
      formats::write_m3u_header({}, text_);
    return flush();
  }
  Result<> write(Chunk answer) {
    frame_.assign(answer.begin(), answer.end());
    switch (stage_) {
      case PluginStage::kM3uGeneration:
        return out_.write({reinterpret_cast<const char*>(frame_.data()), frame_.size()});
      case PluginStage::kEpg:
        M3U_CHECK(add_programmes());
        break;
      default:
        M3U_CHECK(add_channels());
    }
    return flush();
  }
  Result<> write_element(std::string_view element) {
    add_element(element);
    return flush();
  }
  Result<> end() {
    return stage_ == PluginStage::kEpg ? out_.write(formats::kXmltvFooter) : Result<>();
  }
  [[nodiscard]] ProblemLog& problems() { return problems_; }

 private:
  Result<> add_channels() {
    M3U_CHECK(catalog::verify_frame(frame_));
    batch_.clear();
    catalog::load_frame(frame_, batch_);
    formats::write_m3u(batch_, {}, text_, problems_);
    return {};
  }
  Result<> add_programmes() {
    M3U_CHECK(catalog::verify_programme_frame(frame_));
    catalog::load_programme_frame(frame_, rows_);
    columns_.clear();
    for (const catalog::ProgrammeRow& row : rows_)
      if (const auto element = columns_.write(row, problems_)) add_element(*element);
    return {};
  }
  void add_element(std::string_view element) {
    text_ += "  ";
    text_ += element;
    text_ += '\n';
  }
  Result<> flush() {
    M3U_CHECK(out_.write(text_));
    text_.clear();
    return {};
  }

  PluginStage stage_;
  io::ByteSink& out_;
  memory::BudgetResource memory_;
  catalog::ChannelBatch batch_;
  guide::ProgrammeColumns columns_;
  std::pmr::vector<catalog::ProgrammeRow> rows_;
  std::pmr::vector<std::uint8_t> frame_;
  formats::OutputText text_;
  ProblemLog problems_;
};

}  // namespace

Result<ProblemLog> run_alone(Workbench& bench, PluginStage stage,
                             std::unique_ptr<io::ByteSource> input, io::ByteSink& out) {
  return memory::guarded([&]() -> Result<ProblemLog> {
    AnswerWriter writer(stage, bench.slabs(), out);
    const auto chunks =
        make_chunks(stage, std::move(input), bench.slabs(), usual_rows(stage),
                    [&](std::string_view element) { return writer.write_element(element); });
    M3U_TRY(const auto instance, bench.make_instance());
    M3U_CHECK(writer.begin());
    M3U_CHECK(run_generation(*instance, stage, bench.context(), *chunks,
                             [&](AnswerTime, Chunk answer) { return writer.write(answer); }));
    M3U_CHECK(writer.end());
    return std::move(writer.problems());
  });
}

}  // namespace m3u_proxy::plugin_tools
