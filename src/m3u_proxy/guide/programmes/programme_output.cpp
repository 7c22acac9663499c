#include <m3u_proxy/guide/programmes/programme_output.hpp>

namespace m3u_proxy::guide {

Result<bool> ProgrammeOutput::drops(const WrittenProgramme& programme) {
  if (duplicates_ == Duplicates::kKeep) return false;
  M3U_TRY(const bool duplicate, seen_.is_duplicate(programme));
  if (duplicate) ++dropped_;
  return duplicate;
}

Result<> ProgrammeOutput::append(std::string_view line) {
  ++written_;
  return text_->append(line);
}

Result<> ProgrammeOutput::append_all(WindowResults& results) {
  if (duplicates_ == Duplicates::kDrop)
    return results.for_each_programme(
        [this](const WrittenProgramme& programme, std::string_view line) -> Result<> {
          M3U_TRY(const bool dropped, drops(programme));
          return dropped ? Result<>() : append(line);
        });
  written_ += results.written;
  return results.pieces.for_each([this](std::string_view piece) { return text_->append(piece); });
}

}  // namespace m3u_proxy::guide
