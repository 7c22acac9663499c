#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/plain_text.hpp>

namespace m3u_proxy::guide {
namespace {

bool is_control(char c) {
  return (c >= '\0' && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7F';
}

}  // namespace

bool has_controls(std::string_view text) { return std::ranges::any_of(text, is_control); }

void drop_controls(std::pmr::string& text) { std::erase_if(text, is_control); }

void read_plain_text(std::pmr::string& out, std::string_view raw) {
  out.clear();
  if (!is_valid_utf8(raw)) {
    std::string text;
    append_windows1252(text, raw);
    formats::append_plain_text(out, text);
  } else {
    formats::append_plain_text(out, raw);
  }
  if (has_controls(out)) drop_controls(out);
  while (!out.empty() && is_ascii_space(out.back())) out.pop_back();
  out.erase(0, static_cast<std::size_t>(trim(out).data() - out.data()));
}

void empty_out(std::pmr::string& text) {
  constexpr std::size_t kKeptCapacity = std::size_t{4} << 20U;
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace m3u_proxy::guide
