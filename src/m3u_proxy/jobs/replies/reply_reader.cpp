#include <cstring>
#include <memory_resource>
#include <span>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/channels/channel_ids.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/jobs/replies/reply_reader.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::size_t kRows = 1000;
constexpr std::size_t kFirstWindow = std::size_t{1} << 20U;

Result<> check_cancel(const CancelToken& cancel) {
  if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "the reading was cancelled");
  return {};
}

/// `element`: a programme, whose text begins at `text`.
std::string_view channel_of(const formats::XmltvSpan& element, const char* text) {
  const std::string_view whole(text, element.size);
  if (element.ordinary) return element.tag.id.in(whole);
  formats::XmltvStartTag tag;
  return formats::parse_start_tag(whole, tag) ? tag.value("channel") : std::string_view();
}

}  // namespace

Result<> read_channels(io::ByteSource& playlist, const Uuid& source, memory::SlabPool& slabs,
                       spill::SpillSpace* spill, const CancelToken& cancel,
                       const ChannelVisitor& visit) {
  formats::M3uSplitter splitter(slabs, kRows);
  formats::M3uSource read;
  read.id = source;
  read.with_ids = true;
  ProblemLog problems;
  M3U_TRY(read.header, formats::begin_m3u(splitter, playlist, problems));
  spill::KeySet seen(slabs.budget(), spill);
  channels::ChannelIds own_ids(slabs.budget(), spill);
  catalog::ChannelBatch batch(slabs);
  formats::OpenGroup group;
  while (true) {
    M3U_CHECK(check_cancel(cancel));
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(playlist, problems));
    if (chunk.text.empty()) return {};
    batch.clear();
    group.carry(formats::parse_m3u(chunk, read, batch, problems), batch);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      M3U_TRY(const bool is_new, seen.insert(batch.key(row)));
      if (!is_new) continue;
      M3U_CHECK(own_ids.make_own(source, batch, row));
      M3U_TRY(const bool more, visit(batch, row));
      if (!more) return {};
    }
  }
}

Result<> read_programmes(io::ByteSource& guide, memory::Budget& budget, const CancelToken& cancel,
                         const ProgrammeVisitor& visit) {
  memory::BudgetResource resource(budget, memory::Tag::kJobs);
  std::pmr::vector<char> window(kFirstWindow, &resource);
  std::pmr::vector<formats::XmltvSpan> elements(&resource);
  formats::XmltvSplitter splitter;
  ProblemLog problems;
  std::size_t filled = 0;
  bool at_end = false;
  while (!at_end || filled != 0) {
    M3U_CHECK(check_cancel(cancel));
    while (!at_end && filled < window.size()) {
      M3U_TRY(const std::size_t size,
              guide.read(std::span(window.data() + filled, window.size() - filled)));
      at_end = size == 0;
      filled += size;
    }
    elements.clear();
    using Input = formats::XmltvSplitter::Input;
    M3U_TRY(const std::size_t done,
            splitter.split({window.data(), filled}, at_end ? Input::kEnd : Input::kMore, elements,
                           problems));
    for (const formats::XmltvSpan& element : elements) {
      if (element.kind != formats::XmltvKind::kProgramme) continue;
      M3U_TRY(const bool more, visit(channel_of(element, window.data() + element.begin)));
      if (!more) return {};
    }
    if (at_end) break;
    std::memmove(window.data(), window.data() + done, filled - done);
    filled -= done;
    if (done == 0) window.resize(window.size() * 2);
  }
  return {};
}

}  // namespace m3u_proxy::jobs
