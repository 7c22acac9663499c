// XML references: `&amp;`, `&eacute;`, `&#233;`. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::formats {

/// The body of the reference at `p` ("amp", "#10"), or "" when no well-formed reference is there.
std::string_view reference_body(const char* p, const char* end);
/// The character of a numeric reference's body ("#233", "#xE9"); nullopt when XML does not allow
/// it.
std::optional<char32_t> numeric_reference(std::string_view body);
/// What one of XML's own five entities stands for; "" for other names.
std::string_view predefined_entity(std::string_view name);
/// Appends what the reference at `p` stands for and returns its size; a bare '&' is itself.
std::size_t append_reference(std::pmr::string& out, const char* p, const char* end);

}  // namespace m3u_proxy::formats
