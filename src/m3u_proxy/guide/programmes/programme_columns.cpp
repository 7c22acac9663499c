#include <algorithm>
#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/programmes/programme_columns.hpp>

namespace m3u_proxy::guide {

using catalog::ProgrammeField;
using catalog::ProgrammeRow;
using formats::XmltvStartTag;

namespace {

std::size_t index(ProgrammeField field) { return static_cast<std::size_t>(field); }

constexpr std::size_t kShown = 80;  // bytes of a row in a report

constexpr std::array kTagFields = {ProgrammeField::kChannelId, ProgrammeField::kStart,
                                   ProgrammeField::kStop};

bool is_tag_field(std::size_t column) {
  return std::ranges::find(kTagFields, static_cast<ProgrammeField>(column)) != kTagFields.end();
}

catalog::FieldRef field_ref(std::size_t column) {
  return {.index = static_cast<std::uint8_t>(column), .writable = true};
}

}  // namespace

ProgrammeColumns::ProgrammeColumns(memory::SlabPool& slabs)
    : memory_(slabs.budget(), memory::Tag::kBatch),
      text_(slabs, memory::Tag::kBatch),
      record_(slabs),
      checker_(&memory_),
      scratch_(&memory_),
      element_(&memory_),
      changed_(&memory_) {}

/// What an attribute's text stands for; stays until clear().
std::string_view ProgrammeColumns::plain(std::string_view attribute) {
  if (!attribute.contains('&')) return trim(attribute);
  scratch_.clear();
  formats::append_plain_text(scratch_, attribute);
  return text_.copy(trim(scratch_));
}

void ProgrammeColumns::read(const ProgrammeRows::Row& row, ProgrammeRow& out) {
  out = {};
  out.origin = row.output;
  out.source = row.source;
  out.columns[ProgrammeRow::kElement] = row.element;
  XmltvStartTag tag;
  if (!parse_start_tag(row.element, tag)) return;  // does not happen: we wrote it
  record_.begin(row.element, tag, plain(tag.value("channel")), plain(tag.value("start")),
                plain(tag.value("stop")), no_source_);
  for (std::size_t column = 0; column < catalog::kWritableProgrammeFields; ++column) {
    const std::string_view value = record_.get(field_ref(column));
    // The record keeps its own texts only until the next programme.
    out.columns[column] = is_tag_field(column) ? value : text_.copy(value);
  }
}

/// Makes element_ of a row that has none.
bool ProgrammeColumns::build_new(const ProgrammeRow& row) {
  const auto value = [&](ProgrammeField field) { return row.columns[index(field)]; };
  if (value(ProgrammeField::kChannelId).empty() || value(ProgrammeField::kTitle).empty() ||
      value(ProgrammeField::kStart).empty())
    return false;
  element_ = "<programme";
  formats::append_attribute(element_, "start", value(ProgrammeField::kStart));
  if (!value(ProgrammeField::kStop).empty())
    formats::append_attribute(element_, "stop", value(ProgrammeField::kStop));
  formats::append_attribute(element_, "channel", value(ProgrammeField::kChannelId));
  element_ += ">\n    <title>";
  formats::append_escaped(element_, value(ProgrammeField::kTitle));
  element_ += "</title>\n  </programme>";
  return true;
}

/// The element that a row begins with, well-formed; nullopt, and counted, when there is none.
std::optional<std::string_view> ProgrammeColumns::base_of(const ProgrammeRow& row,
                                                          ProblemLog& problems) {
  const std::string_view element = trim(row.columns[ProgrammeRow::kElement]);
  if (!element.empty()) return checker_.check(element, false, problems, 0);
  if (build_new(row)) return element_;
  problems.add("plugin_programme_incomplete", 0, 0,
               row.columns[index(ProgrammeField::kTitle)].substr(0, kShown));
  return std::nullopt;
}

/// Sets what differs from what the element has; whether anything does.
bool ProgrammeColumns::set_changes(const ProgrammeRow& row) {
  bool any = false;
  for (std::size_t column = 0; column < catalog::kWritableProgrammeFields; ++column) {
    const std::string_view wanted = row.columns[column];
    if (wanted.empty() || wanted == record_.get(field_ref(column))) continue;
    record_.set(field_ref(column), wanted);
    any = true;
  }
  return any;
}

/// Makes changed_ of the element and what is set in record_.
void ProgrammeColumns::append_changed(std::string_view element, const XmltvStartTag& tag) {
  formats::ProgrammeEdits edits;
  std::array<std::pmr::string, kTagFields.size()> escaped = {
      std::pmr::string(&memory_), std::pmr::string(&memory_), std::pmr::string(&memory_)};
  const std::array targets = {&edits.channel, &edits.start, &edits.stop};
  for (std::size_t i = 0; i < kTagFields.size(); ++i)
    if (const auto value = record_.changed(kTagFields[i])) {
      formats::append_escaped(escaped[i], *value);
      *targets[i] = escaped[i];
    }
  changed_.clear();
  formats::append_edited_start_tag(changed_, element, tag, edits);
  if (!record_.content_changed()) {
    changed_ += element.substr(tag.size);
    return;
  }
  if (tag.self_closing) changed_.replace(changed_.size() - 2, 2, ">");
  record_.append_content(changed_);
  changed_ += "</programme>";
}

std::optional<std::string_view> ProgrammeColumns::write(const ProgrammeRow& row,
                                                        ProblemLog& problems) {
  const auto element = base_of(row, problems);
  if (!element) return std::nullopt;
  XmltvStartTag tag;
  if (!parse_start_tag(*element, tag) || tag.name != "programme") {
    problems.add("plugin_no_programme", 0, 0, element->substr(0, kShown));
    return std::nullopt;
  }
  record_.begin(*element, tag, plain(tag.value("channel")), plain(tag.value("start")),
                plain(tag.value("stop")), no_source_);
  if (!set_changes(row)) return element;
  append_changed(*element, tag);
  return changed_;
}

}  // namespace m3u_proxy::guide
