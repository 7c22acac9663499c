#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/pipeline/programme_rows.hpp>

namespace m3u_proxy::pipeline {

using catalog::ProgrammeField;
using catalog::ProgrammeRow;
using formats::XmltvStartTag;

namespace {

std::size_t index(ProgrammeField field) { return static_cast<std::size_t>(field); }

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
  element_ = "<programme start=\"";
  formats::append_escaped(element_, value(ProgrammeField::kStart));
  if (!value(ProgrammeField::kStop).empty()) {
    element_ += "\" stop=\"";
    formats::append_escaped(element_, value(ProgrammeField::kStop));
  }
  element_ += "\" channel=\"";
  formats::append_escaped(element_, value(ProgrammeField::kChannelId));
  element_ += "\">\n    <title>";
  formats::append_escaped(element_, value(ProgrammeField::kTitle));
  element_ += "</title>\n  </programme>";
  return true;
}

std::optional<std::string_view> ProgrammeColumns::write(const ProgrammeRow& row,
                                                        ProblemLog& problems) {
  const auto skip = [&](std::string_view reason) {
    problems.add(reason, 0, 0, row.columns[index(ProgrammeField::kTitle)].substr(0, 80));
    return std::nullopt;
  };
  std::string_view element = trim(row.columns[ProgrammeRow::kElement]);
  if (element.empty()) {
    if (!build_new(row)) return skip("plugin_programme_incomplete");
    element = element_;
  } else {
    const auto checked = checker_.check(element, false, problems, 0);
    if (!checked) return std::nullopt;
    element = *checked;
  }
  XmltvStartTag tag;
  if (!element.starts_with("<programme") || !parse_start_tag(element, tag) ||
      tag.name != "programme")
    return skip("plugin_no_programme");
  record_.begin(element, tag, plain(tag.value("channel")), plain(tag.value("start")),
                plain(tag.value("stop")), no_source_);
  bool any = false;
  for (std::size_t column = 0; column < catalog::kWritableProgrammeFields; ++column) {
    const std::string_view wanted = row.columns[column];
    if (wanted.empty() || wanted == record_.get(field_ref(column))) continue;
    record_.set(field_ref(column), wanted);
    any = true;
  }
  if (!any) return element;
  formats::ProgrammeEdits edits;
  std::array<std::pmr::string, kTagFields.size()> escaped = {
      std::pmr::string(&memory_), std::pmr::string(&memory_), std::pmr::string(&memory_)};
  for (std::size_t i = 0; i < kTagFields.size(); ++i)
    if (const auto value = record_.changed(kTagFields[i])) {
      formats::append_escaped(escaped[i], *value);
      (i == 0 ? edits.channel : i == 1 ? edits.start : edits.stop) = escaped[i];
    }
  changed_.clear();
  formats::append_edited_start_tag(changed_, element, tag, edits);
  if (record_.content_changed()) {
    if (tag.self_closing) changed_.replace(changed_.size() - 2, 2, ">");
    record_.append_content(changed_);
    changed_ += "</programme>";
  } else {
    changed_ += element.substr(tag.size);
  }
  return changed_;
}

}  // namespace m3u_proxy::pipeline
