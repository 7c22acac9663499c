// Named value: the enumerator that a column names.
#pragma once

#include <initializer_list>
#include <string_view>

namespace m3u_proxy::store {

/// The one of `known` that to_string() calls `name`; `otherwise` where none is.
template <typename Enum>
Enum named_value(std::string_view name, std::initializer_list<Enum> known, Enum otherwise) {
  for (const Enum value : known)
    if (to_string(value) == name) return value;
  return otherwise;
}

}  // namespace m3u_proxy::store
