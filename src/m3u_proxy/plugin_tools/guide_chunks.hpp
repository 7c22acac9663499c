// GuideChunks: the programmes of a guide, as a plugin of the epg stage gets them.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/guide/programmes/programme_columns.hpp>
#include <m3u_proxy/guide/windows/guide_reader.hpp>
#include <m3u_proxy/guide/windows/guide_splitter.hpp>
#include <m3u_proxy/plugin_tools/chunks.hpp>

namespace m3u_proxy::plugin_tools {

class GuideChunks final : public ChunkSource {
 public:
  /// `rows`: programmes of a chunk. `source`: inflated. Errors of next(): kParse (no guide), those
  /// of the source.
  GuideChunks(std::unique_ptr<io::ByteSource> source, memory::SlabPool& slabs, std::size_t rows,
              TakeChannel take_channel);

  Result<std::optional<Chunk>> next() override;
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }

 private:
  Result<bool> read_window();
  Result<> take(const formats::XmltvSpan& span);

  guide::GuideReader reader_;
  guide::GuideSplitter splitter_;
  std::size_t chunk_rows_;
  TakeChannel take_channel_;
  memory::BudgetResource memory_;
  guide::GuideWindow window_;
  std::size_t next_element_ = 0;
  formats::XmltvChecker checker_;
  guide::ProgrammeRows pending_;  // of the chunk
  guide::ProgrammeColumns columns_;
  std::pmr::vector<catalog::ProgrammeRow> chunk_;
  std::pmr::vector<std::uint8_t> frame_;
  ProblemLog problems_;
  std::uint64_t rows_ = 0;
};

}  // namespace m3u_proxy::plugin_tools
