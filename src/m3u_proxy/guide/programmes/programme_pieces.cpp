#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/programme_pieces.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::string_view kBefore = "  ";
constexpr std::string_view kBehind = "\n";
constexpr std::string_view kBetween = "\n  ";

/// Less than this is copied: a write of its own would cost more.
constexpr std::size_t kLongRun = std::size_t{32} << 10U;

}  // namespace

void ProgrammePieces::reset(std::string_view window) {
  window_ = window;
  empty_out(text_);
  pieces_.clear();
  run_ = {};
  text_begin_ = 0;
}

void ProgrammePieces::append_unchanged(std::string_view element) {
  if (!run_.empty()) {
    const char* const run_end = run_.data() + run_.size();
    if (std::string_view(run_end, static_cast<std::size_t>(element.data() - run_end)) == kBetween) {
      run_ = {run_.data(), run_.size() + kBetween.size() + element.size()};
      return;
    }
    end_run();
  }
  run_ = element;
}

void ProgrammePieces::end_run() {
  if (run_.empty()) return;
  text_ += kBefore;
  if (run_.size() >= kLongRun) {
    end_text();
    pieces_.push_back({.begin = static_cast<std::size_t>(run_.data() - window_.data()),
                       .size = run_.size(),
                       .in_window = true});
  } else {
    text_ += run_;
  }
  text_ += kBehind;
  run_ = {};
}

void ProgrammePieces::end_text() {
  if (text_.size() == text_begin_) return;
  pieces_.push_back({.begin = text_begin_, .size = text_.size() - text_begin_, .in_window = false});
  text_begin_ = text_.size();
}

std::pmr::string& ProgrammePieces::text() {
  end_run();
  return text_;
}

void ProgrammePieces::finish() {
  end_run();
  end_text();
}

}  // namespace m3u_proxy::guide
