#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_match.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>

namespace m3u_proxy::formats {

Result<std::size_t> XmltvSplitter::split(std::string_view window, Input input,
                                         std::pmr::vector<XmltvSpan>& elements,
                                         ProblemLog& problems) {
  window_ = window;
  input_ = input;
  at_ = 0;
  ordinary_.reset(window);
  if (position_ == 0) head_ = window.substr(0, kHeadSize);
  while (true) {
    M3U_TRY(const Step done, step(elements, problems));
    if (done == Step::kNeedMore) break;
  }
  if (input == Input::kEnd) {
    if (state_ == State::kProlog && first_document_) return fail(not_a_guide());
    finish(problems);
  }
  position_ += at_;
  window_ = {};
  return at_;
}

Result<XmltvSplitter::Step> XmltvSplitter::step(std::pmr::vector<XmltvSpan>& elements,
                                                ProblemLog& problems) {
  if (!skip_terminator_.empty()) return skip();
  switch (state_) {
    case State::kProlog:
      return prolog(problems);
    case State::kBody:
      return body(elements, problems);
    case State::kAfterEnd:
      return after_end(problems);
    case State::kIgnore:
      break;
  }
  at_ = window_.size();
  return Step::kNeedMore;
}

/// Notes that a comment or an instruction begins here; false when neither does. Leaves at_ behind
/// its opening.
bool XmltvSplitter::begin_skip() {
  if (rest().starts_with("<!--")) {
    skip_terminator_ = "-->";
    at_ += 4;
  } else if (rest().starts_with("<?")) {
    skip_terminator_ = "?>";
    at_ += 2;
  } else {
    return false;
  }
  return true;
}

XmltvSplitter::Step XmltvSplitter::skip() {
  const std::size_t found = rest().find(skip_terminator_);
  if (found == std::string_view::npos) {
    const std::size_t keep = std::min(rest().size(), skip_terminator_.size() - 1);
    at_ = window_.size() - keep;
    return Step::kNeedMore;
  }
  at_ += found + skip_terminator_.size();
  skip_terminator_ = {};
  return Step::kDone;
}

XmltvSplitter::Step XmltvSplitter::body(std::pmr::vector<XmltvSpan>& elements,
                                        ProblemLog& problems) {
  if (search_.active) return element(elements, problems);
  ordinary_elements(elements);
  const char* const begin = window_.data() + at_;
  const char* const end = window_.data() + window_.size();
  const char* const tag = find_any<'<'>(begin, end);
  stray_text(trim({begin, static_cast<std::size_t>(tag - begin)}), problems);
  at_ += static_cast<std::size_t>(tag - begin);
  if (tag == end) return Step::kNeedMore;
  if (rest().size() < kCdataOpen.size() && input_ == Input::kMore) return Step::kNeedMore;
  if (rest().starts_with(kCdataOpen)) {
    stray_text(kCdataOpen, problems);
    skip_terminator_ = "]]>";
    at_ += kCdataOpen.size();
    return Step::kDone;
  }
  const std::string_view name = name_at(rest().substr(1));
  if (name.empty() && !rest().starts_with("<!--") && !rest().starts_with("<?") &&
      !rest().starts_with("</")) {
    stray_text(rest().substr(0, 1), problems);
    ++at_;
    return Step::kDone;
  }
  in_stray_text_ = false;
  if (begin_skip()) return Step::kDone;
  if (rest().starts_with("</")) return end_tag(problems);
  if (name.size() + 1 == rest().size() && input_ == Input::kMore) return Step::kNeedMore;
  search_ = Search{.active = true, .offset = name.size() + 1, .name = std::string(name)};
  return element(elements, problems);
}

/// Passes over elements as long as they are ordinary and nothing else is between them.
void XmltvSplitter::ordinary_elements(std::pmr::vector<XmltvSpan>& elements) {
  constexpr std::string_view kProgramme = "<programme";
  constexpr std::string_view kChannel = "<channel";
  const char* const end = window_.data() + window_.size();
  while (true) {
    const char* const tag = skip_xml_spaces(window_.data() + at_, end);
    const bool programme = starts_at(tag, end, kProgramme);
    if (!programme && !starts_at(tag, end, kChannel)) return;
    const auto begin = static_cast<std::size_t>(tag - window_.data());
    XmltvSpan span{.begin = static_cast<std::uint32_t>(begin),
                   .kind = programme ? XmltvKind::kProgramme : XmltvKind::kChannel,
                   .ordinary = true};
    const std::size_t size = ordinary_.measure(begin, span.kind, span.tag);
    if (size == 0 || size > kMaxElement) return;
    span.size = static_cast<std::uint32_t>(size);
    elements.push_back(span);
    at_ = begin + size;
    in_stray_text_ = false;
  }
}

/// Text between two elements counts once, however many windows it spans.
void XmltvSplitter::stray_text(std::string_view text, ProblemLog& problems) {
  if (text.empty() || in_stray_text_) return;
  problems.add("text_between_elements", 0, here(), text);
  in_stray_text_ = true;
}

XmltvSplitter::Step XmltvSplitter::end_tag(ProblemLog& problems) {
  const std::size_t close = rest().find('>');
  if (close == std::string_view::npos) {
    if (rest().size() < kMaxProlog && input_ == Input::kMore) return Step::kNeedMore;
    at_ = window_.size();
    return Step::kDone;
  }
  if (match_name(rest(), "</", "tv") == Match::kYes)
    state_ = State::kAfterEnd;
  else
    problems.add("stray_end_tag", 0, here(), rest().substr(0, close + 1));
  at_ += close + 1;
  return Step::kDone;
}

XmltvSplitter::Step XmltvSplitter::element(std::pmr::vector<XmltvSpan>& elements,
                                           ProblemLog& problems) {
  const std::string_view text = rest();
  Found found = Found::kEnd;
  if (search_.in_start_tag) found = search_start_tag(text);
  if (found == Found::kEnd && search_.depth != 0) found = search_end(text);
  if (found == Found::kNeedMore) return element_goes_on(problems);
  const std::size_t size = search_.offset;
  const bool programme = search_.name == "programme";
  if (found == Found::kBroken) {
    problems.add("element_not_closed", 0, here(), text.substr(0, kHeadSize));
  } else if (!programme && search_.name != "channel") {
    problems.add("unknown_element", 0, here(), text.substr(0, kHeadSize));
  } else if (size > kMaxElement) {
    if (!search_.too_large) problems.add("element_too_large", 0, here(), text.substr(0, kHeadSize));
  } else if (!search_.too_large) {
    elements.push_back({.begin = static_cast<std::uint32_t>(at_),
                        .size = static_cast<std::uint32_t>(size),
                        .kind = programme ? XmltvKind::kProgramme : XmltvKind::kChannel});
  }
  at_ += size;
  search_.active = false;
  return Step::kDone;
}

XmltvSplitter::Step XmltvSplitter::element_goes_on(ProblemLog& problems) {
  if (rest().size() > kMaxElement && !search_.too_large) {
    search_.too_large = true;
    problems.add("element_too_large", 0, here(), rest().substr(0, kHeadSize));
  }
  if (search_.too_large && search_.offset > 1) {
    at_ += search_.offset - 1;  // the byte before is looked at where a tag ends
    search_.offset = 1;
  }
  return Step::kNeedMore;
}

/// Goes to the end of the start tag; depth becomes 0 when the tag closes itself.
XmltvSplitter::Found XmltvSplitter::search_start_tag(std::string_view element) {
  const char* p = element.data() + search_.offset;
  const char* const end = element.data() + element.size();
  while (true) {
    p = search_.quote == '\0'  ? find_any<'"', '\'', '>', '<'>(p, end)
        : search_.quote == '"' ? find_any<'"', '<'>(p, end)
                               : find_any<'\'', '<'>(p, end);
    search_.offset = static_cast<std::size_t>(p - element.data());
    if (p == end) return Found::kNeedMore;
    // A '<' has no place in a tag: a quote or a '>' is missing. The next tag may be good.
    if (*p == '<') return Found::kBroken;
    if (*p == '>') break;
    search_.quote = search_.quote == '\0' ? *p : '\0';
    ++p;
  }
  if (p[-1] == '/') search_.depth = 0;
  ++search_.offset;
  search_.in_start_tag = false;
  return Found::kEnd;
}

XmltvSplitter::Found XmltvSplitter::search_end(std::string_view element) {
  const char* const end = element.data() + element.size();
  const char letter = search_.name.front();
  // An open channel would swallow the programmes.
  const char other = search_.name == "channel" ? 'p' : letter;
  while (true) {
    if (!search_.terminator.empty() && search_terminator(element) == Found::kNeedMore)
      return Found::kNeedMore;
    const char* const tag =
        find_tag_of_interest(element.data() + search_.offset, end, letter, other);
    search_.offset = static_cast<std::size_t>(tag - element.data());
    if (tag == end) return Found::kNeedMore;
    const Found found = search_tag({tag, static_cast<std::size_t>(end - tag)});
    if (found != Found::kEnd || search_.depth == 0) return found;
  }
}

/// Passes over one tag inside the element. kEnd: go on, or done when depth is 0.
XmltvSplitter::Found XmltvSplitter::search_tag(std::string_view tag) {
  const std::size_t name_end = 2 + search_.name.size();
  if (tag.size() > name_end && tag[1] == '/' && tag[name_end] == '>' &&
      tag.substr(2).starts_with(search_.name)) {
    --search_.depth;
    search_.offset += name_end + 1;
    return Found::kEnd;
  }
  const Match comment = match(tag, "<!--");
  const Match cdata = match(tag, kCdataOpen);
  const Match close = match_name(tag, "</", search_.name);
  const Match open = match_name(tag, "<", search_.name);
  const Match programme =
      search_.name == "channel" ? match_name(tag, "<", "programme") : Match::kNo;
  if (comment == Match::kYes || cdata == Match::kYes) {
    search_.terminator = comment == Match::kYes ? "-->" : "]]>";
    search_.offset += comment == Match::kYes ? 4 : kCdataOpen.size();
    return Found::kEnd;
  }
  if (tag.starts_with("<?")) {
    search_.terminator = "?>";
    search_.offset += 2;
    return Found::kEnd;
  }
  for (const Match possible : {comment, cdata, close, open, programme})
    if (possible == Match::kMaybe) return Found::kNeedMore;
  const bool ours = search_.name == "channel" || search_.name == "programme";
  if (programme == Match::kYes || (open == Match::kYes && ours)) return Found::kBroken;
  if (close == Match::kNo && open == Match::kNo) {
    ++search_.offset;  // no further: the next byte may begin a tag
    return Found::kEnd;
  }
  const std::size_t size = tag.find('>');
  if (size == std::string_view::npos) return Found::kNeedMore;
  if (close == Match::kYes)
    --search_.depth;
  else if (tag[size - 1] != '/')
    ++search_.depth;
  search_.offset += size + 1;
  return Found::kEnd;
}

XmltvSplitter::Found XmltvSplitter::search_terminator(std::string_view element) {
  const std::string_view terminator = search_.terminator;
  const std::size_t found = element.find(terminator, search_.offset);
  if (found == std::string_view::npos) {
    if (element.size() - search_.offset >= terminator.size())
      search_.offset = element.size() - (terminator.size() - 1);
    return Found::kNeedMore;
  }
  search_.offset = found + terminator.size();
  search_.terminator = {};
  return Found::kEnd;
}

/// The last window is looked through: what is left over has been cut off.
void XmltvSplitter::finish(ProblemLog& problems) {
  if (search_.active) {
    // With the guide's end inside it, the element was just never closed.
    truncated_ = !rest().contains("</tv");
    problems.add(truncated_ ? "truncated" : "element_not_closed", 0, here(),
                 rest().substr(0, kHeadSize));
  } else if (state_ == State::kBody || (!skip_terminator_.empty() && state_ != State::kIgnore)) {
    truncated_ = true;
    problems.add("truncated", 0, here(), rest().substr(0, kHeadSize));
  }
  at_ = window_.size();
}

}  // namespace m3u_proxy::formats
