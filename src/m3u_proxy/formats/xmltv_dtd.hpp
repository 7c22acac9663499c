// XMLTV DTD: rewrites a `<channel>` or `<programme>` so that it is valid under xmltv.dtd, for
// players that insist: what the DTD does not know is left out, the rest put into its order.
//
// The tables follow xmltv.dtd of the XMLTV project (version 1.x). Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace m3u_proxy::formats {

/// Appends the valid form of `element`, which is well-formed. A missing title or display-name is
/// added empty; children that lack something required are left out. False, with nothing appended,
/// when the element itself is not in the DTD or lacks a required attribute.
bool append_valid_element(std::string& out, std::string_view element);

}  // namespace m3u_proxy::formats
