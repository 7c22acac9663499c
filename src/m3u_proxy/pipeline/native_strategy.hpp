// NativeStrategy: what the strategies of our own stages have in common: they stream batch by batch,
// so they keep their promise at every level of pressure and need no memory beyond the batches.
#pragma once

#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

class NativeStrategy : public StageStrategy {
 public:
  [[nodiscard]] std::string_view name() const override { return "standard"; }
  [[nodiscard]] bool can_handle_memory_pressure(
      memory::MemoryPressureLevel /*level*/) const override {
    return true;
  }
  [[nodiscard]] Bytes estimate_memory(const WorkEstimate& /*work*/) const override { return {}; }
};

}  // namespace m3u_proxy::pipeline
