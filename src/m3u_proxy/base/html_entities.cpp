#include <algorithm>
#include <array>

#include <m3u_proxy/base/html_entities.hpp>

namespace m3u_proxy {
namespace {

struct NamedCharacter {
  std::string_view name;
  std::string_view text;
};

// Sorted by name.
constexpr NamedCharacter kNamed[] = {
#include "html_entities_table.inc"
};

}  // namespace

std::string_view html_entity(std::string_view name) {
  const auto* const found = std::ranges::lower_bound(kNamed, name, {}, &NamedCharacter::name);
  return found != std::end(kNamed) && found->name == name ? found->text : std::string_view();
}

}  // namespace m3u_proxy
