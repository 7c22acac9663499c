// MetricText: figures in the text format of Prometheus, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Nothing is kept between two scrapes: who writes the figures reads them where they are. So no
// library is needed that every start of the program would load.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace m3u_proxy::monitoring {

enum class MetricType : std::uint8_t { kCounter, kGauge };

class MetricText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family: all its samples follow, before the next one begins. The name of a counter
  /// ends in "_total", units are base units ("_seconds", "_bytes").
  MetricText& family(std::string_view name, MetricType type, std::string_view help);
  /// A sample of the family. Values of labels may be any UTF-8.
  MetricText& sample(Labels labels, double value);
  MetricText& sample(double value) { return sample({}, value); }
  /// A family of one sample.
  MetricText& one(std::string_view name, MetricType type, std::string_view help, double value) {
    return family(name, type, help).sample(value);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace m3u_proxy::monitoring
