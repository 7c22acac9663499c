// What comes before and after the elements of a guide: declarations, the root, and what shows
// that this is no guide at all.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/web_page.hpp>
#include <m3u_proxy/formats/xmltv_match.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>

namespace m3u_proxy::formats {
namespace {

/// Of what a guide starts with, as far as it has to be there to be known.
constexpr std::size_t kLongestStart = std::string_view("<?xml ").size();

/// Where a guide starts in `text`: at its XML declaration or its root; npos when it does not.
std::size_t start_of_guide(std::string_view text) {
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view here = text.substr(at);
    if (match_name(here, "<?", "xml") == Match::kYes || match_name(here, "<", "tv") == Match::kYes)
      return at;
  }
  return std::string_view::npos;
}

}  // namespace

Result<XmltvSplitter::Step> XmltvSplitter::prolog(ProblemLog& problems) {
  const bool more = input_ == Input::kMore;
  if (here() == 0 && rest().starts_with("\xEF\xBB\xBF")) at_ = 3;
  while (at_ < window_.size() && is_xml_space(window_[at_])) ++at_;
  if (rest().size() < kCdataOpen.size() && more) return Step::kNeedMore;
  if (rest().empty()) return Step::kNeedMore;
  if (begin_skip()) return Step::kDone;
  if (starts_with_ascii_case(rest(), "<!DOCTYPE")) return doctype(problems);
  if (match_name(rest(), "<", "tv") == Match::kYes) return root(problems);
  if (!first_document_) {
    problems.add("text_after_end", 0, here(), rest().substr(0, kHeadSize));
    state_ = State::kIgnore;
    return Step::kDone;
  }
  return junk(problems);
}

/// Passes over what a server printed in front of the guide, such as a PHP warning, which may be
/// HTML. A playlist is none, whatever its channels are called.
Result<XmltvSplitter::Step> XmltvSplitter::junk(ProblemLog& problems) {
  if (rest().size() < kHeadSize + kLongestStart && input_ == Input::kMore) return Step::kNeedMore;
  const std::size_t start = start_of_guide(rest());
  if (start >= kHeadSize || rest().substr(0, start).contains("#EXTINF")) return fail(not_a_guide());
  problems.add("text_before_start", 0, here(), rest().substr(0, start));
  at_ += start;
  return Step::kDone;
}

Result<XmltvSplitter::Step> XmltvSplitter::doctype(ProblemLog& problems) {
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
        return junk(problems);
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
    // Another '<' says that the tag is over, and bad; a '>' alone may be in a value.
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
  if (is_web_page(found))
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
