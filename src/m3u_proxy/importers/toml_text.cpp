#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_toml.hpp>
#include <m3u_proxy/importers/toml_text.hpp>

namespace m3u_proxy::importers {
namespace {

using config::toml_string;

std::string toml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(toml_string(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

class Writer {
 public:
  explicit Writer(TomlText& out) : out_(out) {}

  void section(std::string_view header, ImportedKind kind, std::string_view name) {
    line("");
    out_.pieces.push_back({.first_line = lines_ + 1, .kind = kind, .name = std::string(name)});
    line(header);
  }
  void line(std::string_view text) {
    out_.text += fmt::format("{}\n", text);
    lines_ += 1 + static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) line(fmt::format("{} = {}", key, toml_string(value)));
  }
  void list(std::string_view key, const std::vector<std::string>& values) {
    if (!values.empty()) line(fmt::format("{} = {}", key, toml_list(values)));
  }

 private:
  TomlText& out_;
  std::uint64_t lines_ = 0;
};

void write_source(Writer& writer, std::string_view header, ImportedKind kind,
                  const ImportedSource& source) {
  writer.section(header, kind, source.name);
  writer.text("name", source.name);
  const bool address = source.location.contains("://");
  writer.text(address ? "url" : "path", source.location);
  writer.text("user_agent", source.user_agent);
  if (!source.headers.empty()) {
    std::vector<std::string> items;
    for (const auto& [name, value] : source.headers)
      items.push_back(fmt::format("{} = {}", toml_string(name), toml_string(value)));
    writer.line(fmt::format("headers = {{ {} }}", fmt::join(items, ", ")));
  }
  writer.text("refresh", source.refresh);
}

void write_expression(Writer& writer, std::string_view header, ImportedKind kind,
                      const ImportedExpression& expression) {
  writer.section(header, kind, expression.name);
  writer.text("name", expression.name);
  writer.text("action", expression.action);
  writer.line(fmt::format("expression = {}", toml_string(expression.expression)));
}

void write_proxy(Writer& writer, const ImportedProxy& proxy) {
  writer.section("[[proxies]]", ImportedKind::kProxy, proxy.name);
  writer.text("name", proxy.name);
  writer.list("sources", proxy.sources);
  writer.list("epg_sources", proxy.epg_sources);
  writer.list("filters", proxy.filters);
  writer.list("rules", proxy.rules);
  if (proxy.starting_channel_number)
    writer.line(fmt::format("starting_channel_number = {}", *proxy.starting_channel_number));
  writer.text("numbering", proxy.numbering);
  if (proxy.use_playlist_guides) writer.line("use_playlist_guides = true");
  std::vector<std::string> sort;
  for (const ImportedSort& field : proxy.sort) {
    std::string item = fmt::format("{{ field = \"{}\", order = \"{}\"", field.field, field.order);
    if (!field.sequence.empty()) item += fmt::format(", sequence = {}", toml_list(field.sequence));
    sort.push_back(item + " }");
  }
  if (!sort.empty()) writer.line(fmt::format("sort = [{}]", fmt::join(sort, ", ")));
}

}  // namespace

TomlText toml_of(const Imported& imported, std::string_view origin) {
  TomlText out;
  Writer writer(out);
  writer.line(fmt::format("# Made by m3u-proxy import {}", excerpt(origin, 200)));
  if (!imported.refresh.empty()) {
    writer.section("[service]", ImportedKind::kOther, "");
    writer.text("refresh", imported.refresh);
  }
  if (!imported.listen.empty() || !imported.public_url.empty()) {
    writer.section("[http]", ImportedKind::kOther, "");
    writer.text("listen", imported.listen);
    writer.text("public_url", imported.public_url);
    writer.text("base_path", imported.base_path);
  }
  for (const ImportedSource& source : imported.sources)
    write_source(writer, "[[sources]]", ImportedKind::kSource, source);
  for (const ImportedSource& source : imported.epg_sources)
    write_source(writer, "[[epg_sources]]", ImportedKind::kEpgSource, source);
  for (const ImportedExpression& rule : imported.rules)
    write_expression(writer, "[[rules]]", ImportedKind::kRule, rule);
  for (const ImportedExpression& filter : imported.filters)
    write_expression(writer, "[[filters]]", ImportedKind::kFilter, filter);
  for (const ImportedProxy& proxy : imported.proxies) write_proxy(writer, proxy);
  return out;
}

}  // namespace m3u_proxy::importers
