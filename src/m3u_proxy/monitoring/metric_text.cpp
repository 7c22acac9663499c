#include <cmath>

#include <fmt/format.h>

#include <m3u_proxy/monitoring/metric_text.hpp>

namespace m3u_proxy::monitoring {
namespace {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
}

}  // namespace

MetricText& MetricText::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} ", name);
  append_escaped(text_, help, false);
  text_ +=
      fmt::format("\n# TYPE {} {}\n", name, type == MetricType::kCounter ? "counter" : "gauge");
  return *this;
}

MetricText& MetricText::sample(Labels labels, double value) {
  text_ += name_;
  char separator = '{';
  for (const auto& [name, label] : labels) {
    text_ += separator;
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, label, true);
    text_ += '"';
    separator = ',';
  }
  if (labels.size() != 0) text_ += '}';
  text_ += std::isfinite(value) ? fmt::format(" {}\n", value) : " NaN\n";
  return *this;
}

}  // namespace m3u_proxy::monitoring
