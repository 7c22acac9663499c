#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/sources/web_page.hpp>

namespace m3u_proxy::sources {

bool is_web_page(std::string_view head) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (head.starts_with(kMark)) head.remove_prefix(kMark.size());
  head = trim(head);
  return starts_with_ascii_case(head, "<!doctype html") || starts_with_ascii_case(head, "<html") ||
         starts_with_ascii_case(head, "<head") || starts_with_ascii_case(head, "<body");
}

}  // namespace m3u_proxy::sources
