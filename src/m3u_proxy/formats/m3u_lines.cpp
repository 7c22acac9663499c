#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {

std::string_view trim_line(std::string_view line) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  line = trim(line);
  while (line.starts_with(kMark)) line = trim(line.substr(kMark.size()));
  return line;
}

LineKind line_kind(std::string_view line) {
  if (line.empty()) return LineKind::kSkip;
  if (line.front() != '#') return line.starts_with("===") ? LineKind::kSkip : LineKind::kUrl;
  if (line.starts_with("#EXTINF:")) return LineKind::kExtinf;  // nearly all are spelled so
  if (starts_with_ascii_case(line, "#EXTINF:")) return LineKind::kExtinf;
  if (starts_with_ascii_case(line, "#EXTM3U")) return LineKind::kHeader;
  if (starts_with_ascii_case(line, "#EXTGRP")) return LineKind::kGroup;
  if (starts_with_ascii_case(line, "#EXT") || starts_with_ascii_case(line, "#KODIPROP"))
    return LineKind::kDirective;
  return LineKind::kSkip;
}

bool is_hls_marker(std::string_view line) {
  return starts_with_ascii_case(line, "#EXT-X-TARGETDURATION") ||
         starts_with_ascii_case(line, "#EXT-X-STREAM-INF");
}

bool LineCursor::next() {
  if (position_ >= text_.size()) return false;
  const std::size_t begin = position_;
  std::size_t end = std::string_view::npos;
  if (has_cr_) {
    end = text_.find_first_of("\r\n", begin);
  } else if (const void* found = std::memchr(text_.data() + begin, '\n', text_.size() - begin)) {
    end = static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
  }
  terminated_ = end != std::string_view::npos;
  if (!terminated_) end = text_.size();
  line_ = text_.substr(begin, end - begin);
  position_ = end;
  if (!terminated_) return true;
  const bool crlf = text_[end] == '\r' && end + 1 < text_.size() && text_[end + 1] == '\n';
  position_ += crlf ? 2 : 1;
  return true;
}

}  // namespace m3u_proxy::formats
