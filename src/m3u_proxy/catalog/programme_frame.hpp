// Programme frame: programmes as one FlatBuffers message (programme_frame.fbs), for plugins.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/fields.hpp>

namespace m3u_proxy::catalog {

/// A programme in columns: the writable fields by ProgrammeField, then the whole element.
struct ProgrammeRow {
  static constexpr std::size_t kColumns = kWritableProgrammeFields + 1;
  static constexpr std::size_t kElement = kWritableProgrammeFields;
  static constexpr std::uint32_t kNew = UINT32_MAX;

  std::array<std::string_view, kColumns> columns;
  std::uint32_t origin = kNew;
  std::uint16_t source = 0;
};

/// Writes the frame of `rows` into `out`, in place of what is there. Throws memory::OverBudget.
void build_programme_frame(std::span<const ProgrammeRow> rows, std::pmr::vector<std::uint8_t>& out);
/// As verify_frame(), of a programme frame.
Result<> verify_programme_frame(FrameBytes bytes);
/// The rows of a verified frame, as views into it.
void load_programme_frame(FrameBytes bytes, std::pmr::vector<ProgrammeRow>& rows);

}  // namespace m3u_proxy::catalog
