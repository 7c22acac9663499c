#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/tuliprox.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::string_view kNoCounterpart = "has no counterpart";

class InputReader {
 public:
  InputReader(const TuliproxFiles& files, Imported& out) : files_(files), out_(out) {}

  void read(const ConfigNode& input, TuliproxInputs& inputs) {
    const std::string name = text_of(input, "name");
    const std::string what = fmt::format("input {}", name);
    if (!flag_of(input, "enabled", true)) {
      out_.note(input.where, what, "is switched off there and left out");
      return;
    }
    std::string type = text_of(input, "type");
    if (type.empty()) type = "m3u";
    std::string url = text_of(input, "url");
    if (type != "m3u" && type != "xtream") {
      out_.note(input.where, what, fmt::format("an input of type {} {}", type, kNoCounterpart));
      return;
    }
    if (url.starts_with("batch://")) {
      out_.note(input.where, what, "a batch of accounts has no counterpart; add each as a source");
      return;
    }
    if (url.empty()) {
      out_.note(input.where, what, "has no address and is left out");
      return;
    }
    url = address(input, what, std::move(url));
    ImportedSource source{.name = name};
    read_headers(input, source);
    source.refresh = text_of(input, "cache_duration");
    if (source.refresh == "0") source.refresh.clear();
    TuliproxInput result;
    if (type == "xtream") {
      source.location = account(input, name, url, parameters(input));
    } else {
      source.location = url;
    }
    note_rest(input, what);
    read_guides(input, type, url, source, result);
    result.source = out_.add_source(std::move(source));
    inputs[name] = std::move(result);
  }

 private:
  std::string account(const ConfigNode& input, std::string_view name, std::string_view url,
                      std::string_view parameters) {
    return out_.account(name, url, text_of(input, "username"), text_of(input, "password"),
                        parameters);
  }

  /// Of provider:// addresses the first of the provider's.
  std::string address(const ConfigNode& input, const std::string& what, std::string url) {
    constexpr std::string_view kProvider = "provider://";
    if (!url.starts_with(kProvider)) return url;
    const std::string rest = url.substr(kProvider.size());
    const std::string provider = rest.substr(0, rest.find('/'));
    for (const ConfigNode& item : items_of(files_.source, "provider")) {
      if (text_of(item, "name") != provider) continue;
      const std::vector<ConfigNode> urls = items_of(item, "urls");
      if (urls.empty()) break;
      if (urls.size() > 1)
        out_.note(input.where, what,
                  fmt::format("of the {} addresses of provider {} the first is taken", urls.size(),
                              provider));
      std::string first = text_of(urls.front());
      while (first.ends_with('/')) first.pop_back();
      return first + rest.substr(provider.size());
    }
    out_.note(input.where, what, fmt::format("there is no provider {}", provider));
    return url;
  }

  static std::string parameters(const ConfigNode& input) {
    const ConfigNode* const options = find(input, "options");
    const ConfigNode none;
    const ConfigNode& table = options == nullptr ? none : *options;
    std::string out;
    for (const std::string_view kind : {"live", "vod", "series"}) {
      if (flag_of(table, fmt::format("skip_{}", kind), false) ||
          flag_of(table, fmt::format("xtream_skip_{}", kind), false))
        continue;
      out += fmt::format("{}{}", out.empty() ? "" : "&", kind);
    }
    return out;
  }

  static void read_headers(const ConfigNode& input, ImportedSource& source) {
    const ConfigNode* const headers = find(input, "headers");
    if (headers == nullptr) return;
    for (const ConfigMember& header : headers->members) {
      if (equals_ascii_case(header.name, "user-agent"))
        source.user_agent = text_of(header.value);
      else
        source.headers.emplace_back(header.name, text_of(header.value));
    }
  }

  void note_rest(const ConfigNode& input, const std::string& what) {
    constexpr std::pair<const char*, std::string_view> kKeys[] = {
        {"aliases", "further accounts of a provider are sources of their own here"},
        {"staged", kNoCounterpart},
        {"panel_api", kNoCounterpart},
        {"persist", "the last good copy is always kept"},
        {"exp_date", "the account itself says when it ends"},
        {"max_connections", kNoCounterpart},
        {"priority", kNoCounterpart},
        {"sequential_group", "an account is never asked twice at once"},
    };
    for (const auto& [key, why] : kKeys)
      if (const ConfigNode* const value = find(input, key); value != nullptr)
        out_.note(value->where, fmt::format("{} of {}", key, what), std::string(why));
    if (equals_ascii_case(text_of(input, "method"), "post"))
      out_.note(input.where, fmt::format("method of {}", what), "playlists are asked for by GET");
    const ConfigNode* const options = find(input, "options");
    if (options == nullptr) return;
    for (const ConfigMember& option : options->members)
      if (!option.name.contains("skip_"))
        out_.note(option.where, fmt::format("options.{} of {}", option.name, what),
                  std::string(kNoCounterpart));
  }

  void read_guides(const ConfigNode& input, const std::string& type, const std::string& url,
                   const ImportedSource& source, TuliproxInput& result) {
    const ConfigNode* const epg = find(input, "epg");
    if (epg == nullptr) return;
    if (const ConfigNode* const smart = find(*epg, "smart_match");
        smart != nullptr && flag_of(*smart, "enabled", false))
      out_.note(smart->where, fmt::format("epg.smart_match of input {}", source.name),
                "there is no fuzzy matching; match = \"name\" of a proxy compares names");
    const std::vector<ConfigNode> guides =
        by_number(items_of(*epg, "sources"), "priority", NumberOrder::kSmallestFirst);
    for (const ConfigNode& guide : guides) {
      const std::string address = text_of(guide, "url");
      if (equals_ascii_case(text_of(guide, "type"), "ics")) {
        out_.note(guide.where, fmt::format("a calendar of input {}", source.name),
                  std::string(kNoCounterpart));
      } else if (address == "auto" && type == "m3u") {
        result.playlist_guides = true;
      } else {
        ImportedSource added{
            .name = source.name,
            .location = address == "auto" ? account(input, source.name, url, "") : address,
            .user_agent = source.user_agent,
            .headers = source.headers,
            .refresh = source.refresh};
        result.epg_sources.push_back(out_.add_epg_source(std::move(added)));
      }
    }
  }

  const TuliproxFiles& files_;
  Imported& out_;
};

}  // namespace

TuliproxInputs read_tuliprox_inputs(const TuliproxFiles& files, Imported& out) {
  TuliproxInputs inputs;
  InputReader reader(files, out);
  for (const ConfigNode& input : items_of(files.source, "inputs")) reader.read(input, inputs);
  // Older versions have the inputs inside of the sources.
  for (const ConfigNode& source : items_of(files.source, "sources"))
    for (const ConfigNode& input : items_of(source, "inputs"))
      if (input.kind == ConfigNode::Kind::kTable) reader.read(input, inputs);
  return inputs;
}

}  // namespace m3u_proxy::importers
