// XMLTV writer: the frame of a guide, its `<channel>` elements, and programmes whose start tag is
// rewritten while everything else in them stays as it was. Pure and thread-safe.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/formats/xmltv_reader.hpp>

namespace m3u_proxy::formats {

/// Appends `text` as XML content or attribute value: & < > " escaped, what XML forbids left out.
void append_escaped(std::pmr::string& out, std::string_view text);

/// Appends ` name="value"`, the value escaped.
void append_attribute(std::pmr::string& out, std::string_view name, std::string_view value);
/// Appends ` name=value` of a start tag that was read, in the quotes that it has there.
void append_as_written(std::pmr::string& out, const XmltvAttribute& attribute);

/// Everything up to the first element. `date`: the value of `<tv date>`, already checked; "" for
/// none. No generation time: the same input gives the same bytes.
std::pmr::string xmltv_header(std::string_view date);
constexpr std::string_view kXmltvFooter = "</tv>\n";

/// What is known of one channel of the output.
struct XmltvChannel {
  std::string_view id;
  std::string_view name;
  std::string_view number;
  std::string_view logo;
  std::string_view source{};  ///< the guide's own `<channel>` element, checked; "" when it has none
};
/// Appends a `<channel>`: the name, then the source's display-names and the number without
/// repeats; the logo, else the source's icons; the source's other children and attributes.
void append_channel(std::pmr::string& out, const XmltvChannel& channel);

/// New values for a programme's start tag, escaped already; nullopt keeps what is there.
struct ProgrammeEdits {
  std::optional<std::string_view> channel{};
  std::optional<std::string_view> start{};
  std::optional<std::string_view> stop{};  ///< "" removes the attribute
};
/// Appends the start tag at the beginning of `element` with `edits`; all else byte for byte. An
/// attribute that is to be set and is not there is added at the end.
void append_edited_start_tag(std::pmr::string& out, std::string_view element,
                             const XmltvStartTag& tag, const ProgrammeEdits& edits);

}  // namespace m3u_proxy::formats
