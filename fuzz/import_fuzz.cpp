// The importers' parsers: YAML, filters, scripts and replacements of other programs. What becomes a
// rule or a filter has to be one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/tuliprox_language.hpp>
#include <m3u_proxy/importers/yaml.hpp>

using namespace m3u_proxy;  // NOLINT(google-build-using-namespace): a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  importers::Templates templates;
  if (const auto document = importers::parse_yaml(text, "fuzz.yml")) templates.add(*document);
  if (const auto filter = importers::tuliprox_filter(text, templates))
    if (filter->empty()) std::abort();
  if (const auto rule = importers::tuliprox_script(text, "", templates))
    if (!rule->contains("SET ")) std::abort();
  const std::size_t half = text.size() / 2;
  if (const auto rule =
          importers::replacing_rule("channel_name", text.substr(0, half), text.substr(half)))
    if (!rule->contains(" SET channel_name = ")) std::abort();
  return 0;
}
