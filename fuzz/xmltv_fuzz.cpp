// Guides of any shape, with expat as the judge: what the reader lets through is always well-formed
// XML; what expat takes is never lost or changed; and the windows make no difference. The guide
// that is made of it is well-formed and reads back to the same, and every programme in it is out,
// skipped with a reason, of another channel, outside the window or filtered.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <expat.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/rules/expression.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::formats;

void require(bool condition) {
  if (!condition) std::abort();
}

/// What expat makes of a document.
struct Judgement {
  bool well_formed = false;
  bool is_guide = false;  ///< the root is <tv>
  bool has_doctype = false;
  std::size_t depth = 0;
  std::size_t deepest = 0;
  std::size_t most_attributes = 0;
  std::vector<std::string> elements;  ///< names of the root's children
  std::vector<std::string> contents;  ///< and all that is in them: tags, attributes, text

  void begin(const char* name, const char** attributes, std::size_t top);
  void end(std::size_t top);
};

void Judgement::begin(const char* name, const char** attributes, std::size_t top) {
  if (depth == 0) is_guide = std::strcmp(name, "tv") == 0;
  if (depth == top) {
    elements.emplace_back(name);
    contents.emplace_back();
  }
  deepest = std::max(deepest, ++depth);
  std::size_t count = 0;
  while (attributes[2 * count] != nullptr) ++count;
  most_attributes = std::max(most_attributes, count);
  if (depth <= top) return;
  std::string& content = contents.back();
  content.append("\x01").append(name);
  for (std::size_t i = 0; i < 2 * count; ++i) content.append("\x02").append(attributes[i]);
  content.append("\x03");
}

void Judgement::end(std::size_t top) {
  if (depth > top) contents.back().append("\x04");
  --depth;
}

/// The guide's elements lie `kTop` levels below the document: 1 under <tv>, 0 alone.
template <std::size_t kTop = 1>
Judgement judge(std::string_view document) {
  Judgement out;
  XML_Parser parser = XML_ParserCreate("UTF-8");
  XML_SetUserData(parser, &out);
  XML_SetElementHandler(
      parser,
      [](void* data, const XML_Char* name, const XML_Char** attributes) {
        static_cast<Judgement*>(data)->begin(name, attributes, kTop);
      },
      [](void* data, const XML_Char*) { static_cast<Judgement*>(data)->end(kTop); });
  XML_SetCharacterDataHandler(parser, [](void* data, const XML_Char* text, int size) {
    auto& judgement = *static_cast<Judgement*>(data);
    if (judgement.depth > kTop)
      judgement.contents.back().append(text, static_cast<std::size_t>(size));
  });
  XML_SetStartDoctypeDeclHandler(
      parser, [](void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        static_cast<Judgement*>(data)->has_doctype = true;
      });
  out.well_formed =
      XML_Parse(parser, document.data(), static_cast<int>(document.size()), 1) == XML_STATUS_OK;
  XML_ParserFree(parser);
  return out;
}

struct Elements {
  bool usable = false;
  std::vector<std::string_view> texts;
  std::vector<XmltvSpan> spans;
  ProblemLog problems;
};

Elements split(std::string_view text, std::size_t step) {
  Elements out;
  XmltvSplitter splitter;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (true) {
    end += std::min(step, text.size() - end);
    const bool last = end == text.size();
    std::pmr::vector<XmltvSpan> spans;
    const auto window = text.substr(begin, end - begin);
    const auto used =
        splitter.split(window, last ? XmltvSplitter::Input::kEnd : XmltvSplitter::Input::kMore,
                       spans, out.problems);
    for (const XmltvSpan& span : spans) out.texts.push_back(window.substr(span.begin, span.size));
    out.spans.insert(out.spans.end(), spans.begin(), spans.end());
    if (!used) return out;
    require(*used <= window.size());
    begin += *used;
    if (last) break;
  }
  out.usable = true;
  return out;
}

/// What is said of an ordinary element is what the slower ways find out.
void check_ordinary(std::string_view element, const OrdinaryTag& tag, std::string_view checked,
                    const ProblemLog& problems, XmltvKind kind) {
  require(checked.data() == element.data() && checked.size() == element.size());
  require(problems.total() == 0);
  XmltvStartTag start;
  require(parse_start_tag(element, start));
  require(start.size == tag.size);
  require(start.name == (kind == XmltvKind::kProgramme ? "programme" : "channel"));
  const auto same = [&](std::string_view name, const OrdinaryTag::Value& value) {
    const XmltvAttribute* const attribute = start.find(name);
    require((attribute != nullptr) == (value.at != 0));
    if (attribute != nullptr) require(attribute->value == value.in(element));
  };
  same(kind == XmltvKind::kProgramme ? "channel" : "id", tag.id);
  same("start", tag.start);
  same("stop", tag.stop);
}

/// Every element that the checker lets through, and its valid form, make a well-formed guide.
std::vector<std::string> check_output(const Elements& elements) {
  XmltvChecker checker(std::pmr::new_delete_resource());
  std::pmr::string guide = xmltv_header("");
  std::pmr::string plain;
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < elements.texts.size(); ++i) {
    const std::string_view element = elements.texts[i];
    const XmltvSpan& span = elements.spans[i];
    ProblemLog problems;
    const bool clean = XmltvChecker::has_clean_bytes(element);
    const auto text = checker.check(element, clean, problems, 0);
    require(text.has_value() || problems.total() == 1);
    if (span.ordinary && XmltvChecker::is_clean_utf8(element))
      check_ordinary(element, span.tag, text.value_or(""), problems, span.kind);
    if (!text) continue;
    kept.emplace_back(*text);
    guide += *text;
    DtdLosses losses;
    append_valid_element(guide, *text, losses);
    append_plain_text(plain, *text);
    XmltvStartTag tag;
    if (!parse_start_tag(*text, tag)) continue;
    (void)parse_xmltv_time(tag.value("start"));
    append_channel(guide,
                   {.id = plain, .name = plain, .number = plain, .logo = plain, .source = *text});
  }
  guide += kXmltvFooter;
  require(judge(guide).well_formed);
  return kept;
}

/// What becomes of a guide, for a playlist with some of its channels.
struct MadeGuide {
  std::string text;  ///< "": none was made
  guide::GuideResult result;
};

class GuideMaker {
 public:
  GuideMaker()
      : temp_(io::TempFolder::create(folder_.path(), io::TempFolder::Tmpfs::kAllow).value()),
        filters_({{.name = "f",
                   .action = rules::FilterAction::kExclude,
                   .filter = rules::compile_filter(catalog::Domain::kProgrammes,
                                                   "title contains \"a\" OR is_new == \"true\"")
                                 .value()}}) {}

  MadeGuide make(std::string_view text, const std::vector<std::string>& ids,
                 const guide::GuideOptions& options, bool filtered) {
    const pipeline::RunContext context{
        .budget = &budget_, .slabs = &slabs_, .threads = 1, .now = 1767268800};
    guide::GuideGenerator generator(context, options, filtered ? &filters_ : nullptr);
    for (const std::string& id : ids)
      require(generator.add_channel({.tvg_id = id, .channel_name = id}).has_value());
    guide::EpgSource source;
    source.name = "g";
    source.open = [text]() -> Result<std::unique_ptr<io::ByteSource>> {
      return std::make_unique<io::MemorySource>(std::string(text));
    };
    const auto out = io::AtomicFile::create(folder_ / "guide.xmltv").value();
    MadeGuide made{.text = {}, .result = generator.generate({&source, 1}, *out, *temp_).value()};
    if (made.result.failed) return made;
    require(out->publish(io::AtomicFile::Durability::kNotNeeded).has_value());
    std::ifstream file(folder_ / "guide.xmltv", std::ios::binary);
    made.text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    return made;
  }

 private:
  io::TestFolder folder_;
  std::unique_ptr<io::TempFolder> temp_;
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  rules::FilterSet filters_;
};

/// The first ids that the elements have, each once.
std::vector<std::string> ids_of(const Elements& elements) {
  constexpr std::size_t kMost = 5;
  std::vector<std::string> ids;
  std::pmr::string id;
  XmltvStartTag tag;
  for (const std::string_view element : elements.texts) {
    if (!parse_start_tag(element, tag)) continue;
    guide::read_plain_text(id, tag.value(tag.name == "programme" ? "channel" : "id"));
    const std::string_view plain = id;
    if (!id.empty() && is_valid_utf8(id) && std::ranges::find(ids, plain) == ids.end())
      ids.emplace_back(plain);
    if (ids.size() == kMost) break;
  }
  return ids;
}

void check_guide(std::string_view text, const Elements& elements) {
  static GuideMaker maker;
  const std::vector<std::string> ids = ids_of(elements);
  const MadeGuide made = maker.make(text, ids, {}, false);
  const guide::EpgSourceResult& source = made.result.sources.at(0);
  const auto programmes =
      std::ranges::count(elements.spans, XmltvKind::kProgramme, &XmltvSpan::kind);
  require(source.items == static_cast<std::uint64_t>(programmes));
  require(source.matched == source.matched_unusable + source.written);
  require(source.unusable <= made.result.problems.total());

  const guide::GuideOptions small{.chunk_bytes = 1 + text.size() % 97};
  const MadeGuide pieces = maker.make(text, ids, small, false);
  require(pieces.text == made.text);
  require(pieces.result.problems.by_reason() == made.result.problems.by_reason());

  const MadeGuide filtered = maker.make(text, ids, {}, true);
  const auto& counters = filtered.result.filter_counts.counters;
  const rules::Counter counter = counters.empty() ? rules::Counter{} : counters.front();
  require(counter.evaluated == source.matched - source.matched_unusable);
  require(filtered.result.programmes == counter.evaluated - counter.matched);

  const guide::GuideOptions window{.window = true};
  require(maker.make(text, ids, window, false).result.programmes <= made.result.programmes);
  const guide::GuideOptions strict{.strict_dtd = true, .normalize_to_utc = true};
  const MadeGuide valid = maker.make(text, ids, strict, false);
  require(valid.result.programmes == made.result.programmes);

  for (const MadeGuide* one : {&made, &filtered, &valid}) {
    if (one->text.empty()) continue;
    const Judgement judgement = judge(one->text);
    require(judgement.well_formed && judgement.is_guide);
    if (one->result.channels == 0) continue;  // read again it would be a guide of nothing
    require(maker.make(one->text, ids, {}, false).text == one->text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  // The last bytes of a window are never ordinary.
  if (size % 2 == 0) input.append(128, '\n');
  const std::string_view text = input;
  const Elements whole = split(text, text.size());
  const Elements pieces = split(text, 1 + size % 7);
  require(whole.usable == pieces.usable);
  if (!whole.usable) return 0;
  require(whole.texts == pieces.texts);
  require(whole.problems.by_reason() == pieces.problems.by_reason());
  const std::vector<std::string> kept = check_output(whole);
  // What is converted before it is split need not have these elements.
  const bool may_be_converted = text.contains('\0') || text.contains("encoding") ||
                                text.starts_with("\xEF\xBB\xBF") || !is_valid_utf8(text);
  if (!may_be_converted) check_guide(text, whole);

  const Judgement judgement = judge(text);
  // An internal subset may give attributes and entities that only a DTD reader knows.
  if (!judgement.well_formed || !judgement.is_guide || judgement.has_doctype) return 0;
  if (judgement.deepest > XmltvChecker::kMaxDepth ||
      judgement.most_attributes > XmltvStartTag::kMaxAttributes)
    return 0;
  const auto is_guides = [](const std::string& name) {
    return name == "programme" || name == "channel";
  };
  // A programme inside a programme is taken for a missing end tag, and non-ASCII names beyond the
  // common scripts are refused: the only losses allowed.
  if (whole.problems.of("element_not_closed") != 0) return 0;
  if (kept.size() !=
      static_cast<std::size_t>(std::ranges::count_if(judgement.elements, is_guides))) {
    require(std::ranges::any_of(text, [](char c) { return (c & 0x80) != 0; }));
    return 0;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < judgement.elements.size(); ++i) {
    if (!is_guides(judgement.elements[i])) continue;
    const Judgement one = judge<0>(kept[next++]);
    require(one.well_formed && one.contents.size() == 1);
    require(one.contents[0] == judgement.contents[i]);
  }
  return 0;
}
