#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/written_programme.hpp>
#include <m3u_proxy/spill/key.hpp>

namespace m3u_proxy::guide {

std::uint64_t title_key(std::string_view content, std::pmr::string& plain, std::string& folded) {
  const auto title = formats::first_child(content, "title");
  plain.clear();
  if (title) read_plain_text(plain, title->content);
  fold(plain, folded);
  return spill::key_of(folded).low;
}

}  // namespace m3u_proxy::guide
