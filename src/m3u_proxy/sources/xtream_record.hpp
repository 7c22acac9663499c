// Xtream record: one channel, film, series or episode of an account, read from its JSON however
// loosely that is written: numbers as texts and back, null, lists for single values.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>

namespace m3u_proxy::sources {

/// Texts without white space around them; "" for what is missing, null, or of a shape that no
/// value can be taken from. Numbers as they are written, "7" for "7.0".
struct XtreamRecord {
  std::string_view id{};            ///< stream_id, series_id, or an episode's id
  std::string_view number{};        ///< num
  std::string_view name{};          ///< name, or title
  std::string_view icon{};          ///< stream_icon, cover, movie_image …
  std::string_view guide_id{};      ///< epg_channel_id
  std::string_view extension{};     ///< container_extension
  std::string_view archive{};       ///< tv_archive
  std::string_view archive_days{};  ///< tv_archive_duration
  std::string_view season{};
  std::string_view episode{};  ///< episode_num
  std::string_view last_modified{};
  std::string_view category_name{};
  std::vector<std::string_view> categories{};  ///< category_id and category_ids, each once

  // Of an account.
  std::string_view auth{};
  std::string_view status{};
  std::string_view expires{};  ///< exp_date
  std::string_view active_connections{};
  std::string_view max_connections{};
  std::string_view message{};
  std::vector<std::string_view> formats{};  ///< allowed_output_formats
};

/// Reads records; its memory, about three times the largest record so far, is reused. Not
/// thread-safe.
class XtreamRecordReader {
 public:
  XtreamRecordReader();
  XtreamRecordReader(const XtreamRecordReader&) = delete;
  XtreamRecordReader& operator=(const XtreamRecordReader&) = delete;
  ~XtreamRecordReader();

  /// Reads the object `json`, behind which JsonRecords::kPadding bytes can be read; nullptr when it
  /// is none. Objects within it, such as an episode's `info`, are searched for what it lacks. Valid
  /// until the next call, as `json`. Counts xtream_repaired (bytes that are not UTF-8 or control
  /// characters in a text) and xtream_loose_value.
  const XtreamRecord* read(std::string_view json, ProblemLog& problems);

 private:
  struct Parser;
  bool parse(std::string_view json, ProblemLog& problems);

  std::unique_ptr<Parser> parser_;
  XtreamRecord record_;
  std::string repaired_;
};

}  // namespace m3u_proxy::sources
