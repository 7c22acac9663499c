// Properties of reading in pieces: chunks never change the result, and a list that is cut off gives
// no channel that the whole has not, but for the line that was cut itself. On every list of the
// text cases, and on lists made at random of what lists have trouble with.
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

/// What reading gave, as one text that says where two differ.
std::string summary(const ReadList& list) {
  std::string text;
  for (const TestChannel& c : list.channels) {
    text += c.name + '|' + c.id + '|' + c.tvg_name + '|' + c.logo + '|' + c.shift + '|' + c.chno +
            '|' + c.group + '|' + c.url + '|' + c.duration;
    for (const auto& [key, value] : c.attributes) text += '|' + key + '=' + value;
    for (const std::string& directive : c.directives) text += '|' + directive;
    text += '\n';
  }
  for (const auto& [reason, count] : list.problems.by_reason())
    text += std::string(reason) + ' ' + std::to_string(count) + '\n';
  for (const ProblemSample& sample : list.problems.samples())
    text += std::string(sample.reason) + " in line " + std::to_string(sample.line) + '\n';
  if (list.error) text += list.error->message;
  return text;
}

std::string read_in(const std::string& text, std::size_t rows, std::size_t piece) {
  TextSource source(text, piece);
  return summary(read_list(source, rows));
}

void expect_chunks_change_nothing(const std::string& text, std::size_t largest_piece) {
  const std::string whole = read_in(text, 100000, SIZE_MAX);
  for (const std::size_t rows : {1U, 2U, 3U, 5U})
    EXPECT_EQ(read_in(text, rows, SIZE_MAX), whole) << text;
  for (std::size_t piece = 1; piece <= std::min(text.size(), largest_piece); ++piece)
    ASSERT_EQ(read_in(text, 1 + piece % 3, piece), whole) << "pieces of " << piece << ":\n" << text;
}

/// The line that `text` ends in without an end of its own.
std::string cut_line(const std::string& text) {
  const std::size_t end = text.find_last_of("\r\n");
  return end == std::string::npos ? text : text.substr(end + 1);
}

void expect_cuts_invent_nothing(const std::string& text) {
  const std::vector<TestChannel> whole = read_text(text).channels;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    std::vector<TestChannel> channels = read_text(cut).channels;
    const bool ends_in_whole = channels.size() <= whole.size() &&
                               std::equal(channels.begin(), channels.end(), whole.begin());
    if (ends_in_whole) continue;
    const std::string last = cut_line(cut);
    ASSERT_FALSE(last.empty()) << cut;
    channels.pop_back();
    ASSERT_LE(channels.size(), whole.size()) << cut;
    ASSERT_TRUE(std::equal(channels.begin(), channels.end(), whole.begin())) << cut;
  }
}

std::vector<std::filesystem::path> case_lists() {
  std::vector<std::filesystem::path> lists;
  const std::filesystem::path cases = std::filesystem::path(M3U_PROXY_TEST_CASES);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cases)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().parent_path().filename().string().starts_with("m3u_") &&
        name.ends_with(".m3u") && !name.starts_with("expected"))
      lists.push_back(entry.path());
  }
  std::ranges::sort(lists);
  return lists;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(M3uChunks, NoCaseDependsOnItsChunks) {
  constexpr std::size_t kLargestPiece = 400;
  const auto lists = case_lists();
  ASSERT_GE(lists.size(), 25U);
  for (const auto& path : lists) expect_chunks_change_nothing(content(path), kLargestPiece);
}

TEST(M3uChunks, NoCutCaseHasAChannelThatTheWholeHasNot) {
  constexpr std::size_t kLargest = 4096;  // the others are one long value
  for (const auto& path : case_lists()) {
    const std::string text = content(path);
    if (text.size() <= kLargest) expect_cuts_invent_nothing(text);
  }
}

class RandomLists : public testing::Test {
 protected:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  std::string one_of(const std::vector<std::string>& texts) { return texts[below(texts.size())]; }

  /// Text that belongs to nothing, also where an address is waited for.
  std::string junk() {
    return one_of({"", "", "", "some text here", "--- x ---", "***", "# comment", "#NOTE:x",
                   "see a/b please", "\" x=\"1\",J", "caf\xE9 text", "' y='2',K"});
  }
  /// Attributes that are well formed and ones that are not.
  std::string attributes() {
    return one_of({"", " tvg-id=\"a\"", ",tvg-id=\"b\" x=\"1\"", " group-title=\"G\"",
                   " tvg-id=c d\" y=1", " tvg-name=\"open", " tvg-name='open",
                   " x=\"a\\\"b\\\" c\"", " logo=\"C:\\x\\\"", "，tvg-id='d'", " a=\"1\"b=\"2\"c=3",
                   " tvg-name=\"x, y\" z", " \xC2\xA0q=\"7\""});
  }
  /// An entry whose directives and name carry its number, in lines of any kind.
  std::string entry(int number, bool has_url) {
    const std::string n = std::to_string(number);
    std::string text;
    const auto line = [&](const std::string& characters) { text += characters + ends_; };
    if (below(4) == 0) line("#EXTGRP:" + one_of({"", "Open " + n}));
    if (below(4) == 0) line("#EXTVLCOPT:before=" + n);
    if (below(3) == 0) line(junk());
    line(one_of({"#EXTINF:-1", "#extinf:0", "# EXTINF :-1"}) + attributes() +
         one_of({",", "，", ", ,"}) + "Name " + n);
    if (below(3) == 0) line(junk());
    if (below(3) == 0) line("#KODIPROP:behind=" + n);
    if (below(6) == 0) line("#EXTGRP:Own " + n);
    if (has_url) line(one_of({"http://h/", "dir/file ", "C:\\films\\"}) + n + ".ts");
    return text;
  }

  std::mt19937 random_{20261128};  // NOLINT(cert-msc51-cpp): repeatable on purpose
  std::string ends_ = "\n";
};

TEST_F(RandomLists, DirectivesAndNamesStayWithTheirAddress) {
  for (int round = 0; round < 1500; ++round) {
    ends_ = one_of({"\n", "\r\n", "\r"});
    std::string text = "#EXTM3U" + ends_;
    std::size_t addresses = 0;
    for (int number = 10; number < 16; ++number) {
      const bool has_url = below(5) != 0;
      addresses += has_url ? 1 : 0;
      text += entry(number, has_url);
    }
    const ReadList list = read_text(text);
    std::size_t real = 0;
    for (const TestChannel& channel : list.channels) {
      if (!channel.url.ends_with(".ts")) continue;  // a word took its place
      ++real;
      const std::string number = channel.url.substr(channel.url.size() - 5, 2);
      for (const std::string& directive : channel.directives)
        ASSERT_TRUE(directive.ends_with(number)) << directive << "\n" << text;
      if (channel.name.starts_with("Name")) {
        ASSERT_EQ(channel.name, "Name " + number) << text;
      }
    }
    ASSERT_EQ(real, addresses) << text;
    ASSERT_EQ(read_in(text, 1 + below(4), 1 + below(40)), summary(list)) << text;
  }
}

TEST_F(RandomLists, AnyBytesReadAlikeInAnyChunksAndReadBackAsTheyWereWritten) {
  const std::vector<std::string> pieces = {"#EXTM3U",
                                           "#EXTINF:-1",
                                           "#EXTGRP:",
                                           "#EXTVLCOPT:",
                                           "#WEBPROP:",
                                           "http://",
                                           "\n",
                                           "\n",
                                           "\n",
                                           "\r",
                                           "\r\n",
                                           ",",
                                           "，",
                                           "\"",
                                           "'",
                                           "\\\"",
                                           "=",
                                           " ",
                                           "\t",
                                           "\xC2\xA0",
                                           "key=",
                                           " k=\"",
                                           "/",
                                           "\\",
                                           ".ts",
                                           "|",
                                           "#",
                                           "a",
                                           "é",
                                           "\xE9",
                                           "---",
                                           "tvg-id",
                                           "group-title=",
                                           "catchup=",
                                           "x y",
                                           "G,#genre#",
                                           "N,http://",
                                           "\xEF\xBB\xBF",
                                           "tvg-chno="};
  for (int round = 0; round < 4000; ++round) {
    std::string text = one_of({"#EXTM3U\n", "#EXTINF:-1,A\n", ""});
    const std::size_t length = below(40);
    for (std::size_t i = 0; i < length; ++i) text += one_of(pieces);
    const std::string whole = read_in(text, 1000, SIZE_MAX);
    ASSERT_EQ(read_in(text, 1, SIZE_MAX), whole) << text;
    ASSERT_EQ(read_in(text, 2, 1 + below(20)), whole) << text;
    const std::string written = rewrite(text);
    if (!written.empty()) {
      ASSERT_EQ(rewrite(written), written) << text;
    }
  }
}

TEST_F(RandomLists, NoCutListHasAChannelThatTheWholeHasNot) {
  for (int round = 0; round < 40; ++round) {
    ends_ = one_of({"\n", "\r\n"});
    std::string text = "#EXTM3U" + ends_;
    for (int number = 10; number < 13; ++number) text += entry(number, below(5) != 0);
    expect_cuts_invent_nothing(text);
  }
}

}  // namespace
}  // namespace m3u_proxy::formats
