#include <optional>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/generation/guide_elements.hpp>
#include <m3u_proxy/guide/windows/epg_source_pass.hpp>

namespace m3u_proxy::generation {
namespace {

using Show = std::function<Result<>(const GuideElement&)>;

Result<> show_source(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                     const guide::EpgSource& source, const Show& show) {
  M3U_TRY(auto bytes, source.open());
  guide::EpgSourcePass pass(context, std::move(bytes), config.guide.chunk_bytes);
  const auto show_window = [&](const guide::GuideItem& item) -> Result<> {
    const guide::GuideWindow& window = item.input.window;
    const bool clean = formats::XmltvChecker::has_clean_bytes(window.text);
    for (const formats::XmltvSpan& span : window.elements)
      M3U_CHECK(show({.text = window.text.substr(span.begin, span.size),
                      .kind = span.kind,
                      .clean = clean,
                      .source = &source}));
    return {};
  };
  M3U_CHECK(pass.run_serial(show_window));
  if (const auto error = pass.failure()) return fail(*error);
  if (pass.partial())
    log::warn("pipeline.guide", "{}: {}; what came before it is used", source.name,
              pass.note(source.name));
  return {};
}

}  // namespace

Result<> for_each_guide_element(const ResolvedProxyConfig& config,
                                const pipeline::RunContext& context, const Show& show) {
  std::optional<Error> failure;
  bool any_usable = false;
  for (const guide::EpgSource& source : config.epg_sources) {
    const auto shown = show_source(config, context, source, show);
    any_usable |= shown.has_value();
    if (shown) continue;
    if (ends_the_job(shown.error())) return fail(shown.error());
    log::warn("pipeline.guide", "{}: {}", source.name, to_string(shown.error(), source.name));
    if (!failure) failure = shown.error();
  }
  if (failure && !any_usable) return fail(*std::move(failure));
  return {};
}

}  // namespace m3u_proxy::generation
