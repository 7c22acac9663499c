#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::string_view kCdataOpen = "<![CDATA[";
constexpr std::size_t kHeadSize = 4096;                    // looked at to say what this is
constexpr std::size_t kMaxProlog = std::size_t{1} << 20U;  // a DOCTYPE or the root's start tag

/// Whether `text` begins with `what`, or may once there is more of it.
enum class Match : std::uint8_t { kNo, kYes, kMaybe };
Match match(std::string_view text, std::string_view what) {
  const std::size_t size = std::min(text.size(), what.size());
  if (text.substr(0, size) != what.substr(0, size)) return Match::kNo;
  return size == what.size() ? Match::kYes : Match::kMaybe;
}

/// The same for a tag's name behind `prefix`, which has to end there.
Match match_name(std::string_view text, std::string_view prefix, std::string_view name) {
  if (const Match begin = match(text, prefix); begin != Match::kYes) return begin;
  text.remove_prefix(prefix.size());
  if (const Match begin = match(text, name); begin != Match::kYes) return begin;
  if (text.size() == name.size()) return Match::kMaybe;
  return is_name_byte(text[name.size()]) ? Match::kNo : Match::kYes;
}

std::string_view name_at(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_name_byte(text[size])) ++size;
  return text.substr(0, size);
}

}  // namespace

Result<std::size_t> XmltvSplitter::split(std::string_view window, Input input,
                                         std::pmr::vector<XmltvSpan>& elements,
                                         ProblemLog& problems) {
  window_ = window;
  input_ = input;
  at_ = 0;
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

Result<XmltvSplitter::Step> XmltvSplitter::prolog(ProblemLog& problems) {
  const bool more = input_ == Input::kMore;
  if (here() == 0 && rest().starts_with("\xEF\xBB\xBF")) at_ = 3;
  while (at_ < window_.size() && is_xml_space(window_[at_])) ++at_;
  if (rest().size() < kCdataOpen.size() && more) return Step::kNeedMore;
  if (rest().empty()) return Step::kNeedMore;
  if (begin_skip()) return Step::kDone;
  if (starts_with_ascii_case(rest(), "<!DOCTYPE")) return doctype();
  if (match_name(rest(), "<", "tv") == Match::kYes) return root(problems);
  if (!first_document_) {
    problems.add("text_after_end", 0, here(), rest().substr(0, kHeadSize));
    state_ = State::kIgnore;
    return Step::kDone;
  }
  // Servers print warnings in front of what they were asked for.
  if (rest().front() != '<' && more && rest().size() < kHeadSize) return Step::kNeedMore;
  const std::string_view head = rest().substr(0, kHeadSize);
  const std::size_t start = std::min(head.find("<?xml"), head.find("<tv"));
  if (rest().front() == '<' || start == std::string_view::npos) return fail(not_a_guide());
  problems.add("text_before_start", 0, here(), head.substr(0, start));
  at_ += start;
  return Step::kDone;
}

Result<XmltvSplitter::Step> XmltvSplitter::doctype() {
  const std::string_view text = rest();
  bool in_subset = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = std::min(text.find(c, i + 1), text.size());
    } else if (in_subset && text.substr(i).starts_with("<!--")) {
      i = std::min(text.find("-->", i), text.size() - 3) + 2;
    } else if (in_subset && text.substr(i).starts_with("<!ENTITY")) {
      return fail(ErrorCode::kParse, "the guide declares entities of its own, which is refused",
                  "such declarations can blow up memory; ask the provider for a plain XMLTV file");
    } else if (c == '[' || c == ']') {
      in_subset = c == '[';
    } else if (c == '>' && !in_subset) {
      if (!starts_with_ascii_case(name_at(std::string_view(trim(text.substr(9)))), "tv") &&
          first_document_)
        return fail(not_a_guide());
      at_ += i + 1;
      return Step::kDone;
    }
  }
  if (input_ == Input::kMore && text.size() < kMaxProlog) return Step::kNeedMore;
  return fail(not_a_guide());
}

Result<XmltvSplitter::Step> XmltvSplitter::root(ProblemLog& problems) {
  XmltvStartTag tag;
  if (!parse_start_tag(rest(), tag) || rest().substr(1, tag.size - 1).contains('<')) {
    // Another '<' says that the tag is over, and bad; a '>' alone may stand in a value.
    const bool complete = rest().find('<', 1) < std::string_view::npos && rest().contains('>');
    if (!complete && input_ == Input::kMore && rest().size() < kMaxProlog) return Step::kNeedMore;
    if (!complete) return fail(not_a_guide());
    problems.add("bad_root_tag", 0, here(), rest().substr(0, kHeadSize));
    tag.size = rest().find('>') + 1;
    tag.self_closing = false;
    tag.attribute_count = 0;
  }
  if (date_.empty()) date_ = tag.value("date");
  if (!first_document_) problems.add("second_document", 0, here(), rest().substr(0, tag.size));
  at_ += tag.size;
  first_document_ = false;
  state_ = tag.self_closing ? State::kAfterEnd : State::kBody;
  return Step::kDone;
}

XmltvSplitter::Step XmltvSplitter::body(std::pmr::vector<XmltvSpan>& elements,
                                        ProblemLog& problems) {
  if (search_.active) return element(elements, problems);
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

/// What follows `</tv>`: nothing; or another guide, where somebody joined two files.
XmltvSplitter::Step XmltvSplitter::after_end(ProblemLog& problems) {
  while (at_ < window_.size() && is_xml_space(window_[at_])) ++at_;
  if (rest().empty()) return Step::kNeedMore;
  if (rest().size() < kCdataOpen.size() + 2 && input_ == Input::kMore) return Step::kNeedMore;
  if (rest().starts_with("\xEF\xBB\xBF")) {
    at_ += 3;
  } else if (match_name(rest(), "<", "programme") == Match::kYes ||
             match_name(rest(), "<", "channel") == Match::kYes) {
    problems.add("second_document", 0, here(), rest().substr(0, kHeadSize));
    state_ = State::kBody;
  } else {
    state_ = State::kProlog;
  }
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

Error XmltvSplitter::not_a_guide() const {
  const std::string_view head = trim(std::string_view(head_));
  const std::string_view found = trim(rest()).empty() ? head : trim(rest());
  const auto error = [&](std::string_view what, std::string hint) {
    constexpr std::size_t kWords = 100;
    std::string message = fmt::format("this is no XMLTV guide but {}", what);
    if (!head.empty()) message += fmt::format(": \"{}\"", excerpt(head, kWords));
    return Error{.code = ErrorCode::kParse,
                 .message = std::move(message),
                 .where = {},
                 .hint = std::move(hint)};
  };
  const std::string_view name = name_at(found.substr(found.starts_with('<') ? 1 : found.size()));
  if (head.empty()) return error("an empty body", "check the address and the account");
  if (starts_with_ascii_case(found, "<!doctype html") || equals_ascii_case(name, "html"))
    return error("an HTML page", "the server answers with a page; check the address");
  if (found.front() == '{' || found.front() == '[')
    return error("JSON", "the server answers with a message; check the address and the account");
  if (found.starts_with("#EXTM3U"))
    return error("an M3U playlist", "give it as a source, not as an EPG source");
  if (!name.empty()) return error(fmt::format("XML with the root <{}>", name), "");
  if (found.front() == '<') return error("other XML, or only its beginning", "");
  return error("something else", "");
}

}  // namespace m3u_proxy::formats
