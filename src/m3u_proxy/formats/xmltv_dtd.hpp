// XMLTV DTD: rewrites a `<channel>` or `<programme>` so that it is valid under xmltv.dtd, for
// players that insist: what the DTD does not know is left out, the rest put into its order.
//
// The tables follow xmltv.dtd of the XMLTV project (version 1.x). Pure and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

namespace m3u_proxy::formats {

/// What is left out for the DTD's sake.
struct DtdLosses {
  std::uint64_t unknown_elements = 0;    ///< that the DTD does not know at their place
  std::uint64_t unfit_elements = 0;      ///< repeated, or without something required
  std::uint64_t unknown_attributes = 0;  ///< or with a value that they must not have
};

/// Appends the valid form of `element`, which is well-formed, and counts what is left out in
/// `losses`. A missing title or display-name is added empty; children that lack something required
/// are left out. False, with nothing appended, when the element itself is not in the DTD or lacks a
/// required attribute.
bool append_valid_element(std::pmr::string& out, std::string_view element, DtdLosses& losses);

/// Where a child of `<programme>` is in the DTD's order, from 0; past the last for others.
std::size_t programme_child_rank(std::string_view name);

}  // namespace m3u_proxy::formats
