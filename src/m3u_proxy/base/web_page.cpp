#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/web_page.hpp>

namespace m3u_proxy {
namespace {

/// Whether `text` begins with this tag, and not with one whose name is longer.
bool begins_with_tag(std::string_view text, std::string_view tag) {
  if (!starts_with_ascii_case(text, tag)) return false;
  const std::string_view rest = text.substr(tag.size());
  return rest.empty() || rest.front() == '>' || rest.front() == '/' || is_ascii_space(rest.front());
}

}  // namespace

bool is_web_page(std::string_view head) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (head.starts_with(kMark)) head.remove_prefix(kMark.size());
  head = trim(head);
  return starts_with_ascii_case(head, "<!doctype html") || begins_with_tag(head, "<html") ||
         begins_with_tag(head, "<head") || begins_with_tag(head, "<body");
}

}  // namespace m3u_proxy
