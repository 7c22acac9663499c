// ProgrammeStrategy: what works on the programmes of the guide before they are written.
#pragma once

#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/guide/programmes/programme_rows.hpp>

namespace m3u_proxy::guide {

/// A plugin that works on the programmes of the guide, in the order in which they are written.
class ProgrammeStrategy {
 public:
  ProgrammeStrategy() = default;
  ProgrammeStrategy(const ProgrammeStrategy&) = delete;
  ProgrammeStrategy& operator=(const ProgrammeStrategy&) = delete;
  virtual ~ProgrammeStrategy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Takes `rows` and gives others, maybe none. Errors: as StageStrategy::process().
  virtual Result<> process(ProgrammeRows& rows) = 0;
  /// After the last rows: what was held back; false at the end.
  virtual Result<bool> flush(ProgrammeRows& rows) = 0;
};

}  // namespace m3u_proxy::guide
