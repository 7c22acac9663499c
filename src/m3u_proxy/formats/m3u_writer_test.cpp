#include <random>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

using catalog::ChannelField;

class M3uWriter : public testing::Test {
 protected:
  std::size_t add(const TestChannel& channel) {
    const std::size_t row = batch_.add_row(0);
    const auto set = [&](ChannelField field, const std::string& text) {
      batch_.set_text(field, row, batch_.store(text));
    };
    set(ChannelField::kChannelName, channel.name);
    set(ChannelField::kTvgId, channel.id);
    set(ChannelField::kTvgName, channel.tvg_name);
    set(ChannelField::kTvgLogo, channel.logo);
    set(ChannelField::kTvgShift, channel.shift);
    set(ChannelField::kTvgChno, channel.chno);
    set(ChannelField::kGroupTitle, channel.group);
    set(ChannelField::kStreamUrl, channel.url);
    batch_.set_duration(row, batch_.store(channel.duration));
    for (const auto& [key, value] : channel.attributes)
      batch_.push_attribute({.key = batch_.store(key), .value = batch_.store(value)});
    for (const std::string& line : channel.directives) batch_.push_directive(batch_.store(line));
    return row;
  }
  std::string write(const M3uWriterOptions& options = {}) {
    OutputText out;
    written_ = write_m3u(batch_, options, out, problems_);
    return std::string(out);
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  catalog::ChannelBatch batch_{slabs_};
  ProblemLog problems_;
  std::uint64_t written_ = 0;
};

TEST_F(M3uWriter, TellsOfEachAddressAsItIsWritten) {
  add({.name = "A", .url = " http://a ", .directives = {"#EXTVLCOPT:a=b"}});
  add({.name = "none", .url = ""});
  add({.name = "B", .url = "http://b"});
  OutputText out;
  std::vector<std::string> urls;
  write_m3u(batch_, {}, out, problems_, [&](std::string_view url) { urls.emplace_back(url); });
  EXPECT_EQ(urls, (std::vector<std::string>{"http://a", "http://b"}));
}

TEST_F(M3uWriter, AttributesComeInTheirOrderThenTheOthersInSourceOrder) {
  add({.name = "A, B",
       .id = "i",
       .tvg_name = "n",
       .logo = "l",
       .shift = "1",
       .chno = "5",
       .group = "g",
       .url = "http://u",
       .duration = "",
       .attributes = {{"z", "1"}, {"b", "2"}},
       .directives = {"#EXTVLCOPT:a=b"}});
  EXPECT_EQ(write(),
            "#EXTINF:-1 tvg-id=\"i\" tvg-name=\"n\" tvg-logo=\"l\" group-title=\"g\" "
            "tvg-chno=\"5\" tvg-shift=\"1\" z=\"1\" b=\"2\",A, B\n#EXTVLCOPT:a=b\nhttp://u\n");
}

TEST_F(M3uWriter, EmptyFieldsAreLeftOutAndTheDurationIsTheEntrysOwn) {
  add({.name = "A", .url = "http://u", .duration = "0"});
  EXPECT_EQ(write(), "#EXTINF:0,A\nhttp://u\n");
}

TEST_F(M3uWriter, QuotesBecomeApostrophesAndControlCharactersGo) {
  add({.name = "A\nB\x01", .id = "say \"hi\"\t\r\x7F", .url = "http://u\n#EXTINF:-1,x"});
  EXPECT_EQ(write(), "#EXTINF:-1 tvg-id=\"say 'hi'  \",A B\nhttp://u #EXTINF:-1,x\n");
}

TEST_F(M3uWriter, NoCommasReplacesEachCommaOfTheName) {
  add({.name = "The Good, the Bad", .group = "a,b", .url = "u"});
  EXPECT_EQ(write({.no_commas = true}), "#EXTINF:-1 group-title=\"a,b\",The Good - the Bad\nu\n");
}

TEST_F(M3uWriter, StreamPrefixReplacesTheUrlByTheChannelId) {
  const std::size_t row = add({.name = "A", .url = "http://h/42"});
  batch_.set_id(row, channel_id(source_id("tv"), "stream:42"));
  EXPECT_EQ(write({.stream_prefix = "http://b/stream/P/"}),
            "#EXTINF:-1,A\nhttp://b/stream/P/zGzZE0stVfGWB7-Qh9n5rA\n");
}

TEST_F(M3uWriter, LogosBecomeAddressesOfOursWhereTheyCanBeFetched) {
  constexpr const char* kUploaded = "@logo:957bdbb4-37f4-51ee-873b-f148c10969c2";
  for (const char* const logo :
       {"HTTPS://h/a.png", "special://a.png", "", kUploaded, "@logo:mine"}) {
    const std::size_t row = add({.name = "A", .logo = logo, .url = "http://h/42"});
    batch_.set_id(row, channel_id(source_id("tv"), "stream:42"));
  }
  const auto logos = [this](const LogoAddresses& addresses) {
    std::vector<std::string> written;
    for (std::size_t row = 0; row < batch_.rows(); ++row) {
      std::string ours;
      written.emplace_back(logo_address(batch_, row, addresses, ours));
    }
    return written;
  };
  const std::string uploaded = "http://b/logo/T/957bdbb4-37f4-51ee-873b-f148c10969c2";
  EXPECT_EQ(logos({.prefix = "http://b/logo/T/", .of_the_web = true}),
            (std::vector<std::string>{"http://b/logo/T/zGzZE0stVfGWB7-Qh9n5rA", "special://a.png",
                                      "", uploaded, "@logo:mine"}));
  EXPECT_EQ(
      logos({.prefix = "http://b/logo/T/"}),
      (std::vector<std::string>{"HTTPS://h/a.png", "special://a.png", "", uploaded, "@logo:mine"}));
  EXPECT_EQ(logos({}), (std::vector<std::string>{"HTTPS://h/a.png", "special://a.png", "",
                                                 kUploaded, "@logo:mine"}));
  const std::string written = write({.logos = {.prefix = "http://b/logo/T/", .of_the_web = true}});
  EXPECT_TRUE(written.starts_with(
      "#EXTINF:-1 tvg-logo=\"http://b/logo/T/zGzZE0stVfGWB7-Qh9n5rA\",A\nhttp://h/42\n"))
      << written;
}

TEST_F(M3uWriter, AnEntryThatWouldNotReadBackIsACountedSkip) {
  add({.name = "A", .url = " "});
  add({.name = "B", .url = "#x"});
  add({.name = "C", .logo = std::string(kMaxLine, 'l'), .url = "http://c"});
  add({.name = "D", .url = "http://d"});
  EXPECT_EQ(write(), "#EXTINF:-1,D\nhttp://d\n");
  EXPECT_EQ(written_, 1U);
  EXPECT_EQ(problems_.of("empty_url"), 1U);
  EXPECT_EQ(problems_.of("url_is_no_address"), 1U);
  EXPECT_EQ(problems_.of("written_line_too_long"), 1U);
}

TEST_F(M3uWriter, AnAddressInQuotesIsWrittenWithoutThem) {
  add({.name = "A", .url = "\x1b\"http://a\""});
  add({.name = "B", .url = "' http://b '"});
  add({.name = "C", .url = "'http://c '"});
  add({.name = "D", .url = "\"rtmp://d'"});
  EXPECT_EQ(write(), "#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,C\nhttp://c\n");
  EXPECT_EQ(problems_.of("url_is_no_address"), 2U);
}

TEST_F(M3uWriter, ADirectiveThatWouldReadAsSomethingElseIsLeftOutAndCounted) {
  add({.name = "A", .url = "http://a", .directives = {"#EXTINF\x01:-1,B", "#EXTVLCOPT:a"}});
  EXPECT_EQ(write(), "#EXTINF:-1,A\n#EXTVLCOPT:a\nhttp://a\n");
  EXPECT_EQ(problems_.of("directive_not_writable"), 1U);
}

TEST_F(M3uWriter, ADirectiveThatWouldMakeTheListAnHlsPlaylistIsLeftOutAndCounted) {
  add({.name = "A", .url = "http://a", .directives = {"#EXT-X-TARGETDURATI\x01ON:10", "#EXTX:a"}});
  add({.name = "B", .url = "http://b", .directives = {"#ext-x-stream-inf:BANDWIDTH=1"}});
  EXPECT_EQ(write(), "#EXTINF:-1,A\n#EXTX:a\nhttp://a\n#EXTINF:-1,B\nhttp://b\n");
  EXPECT_EQ(problems_.of("directive_not_writable"), 2U);
}

TEST(M3uWriterHeader, NamesTheGuideWhenItsUrlIsKnown) {
  OutputText out;
  write_m3u_header("", out);
  EXPECT_EQ(out, "#EXTM3U\n");
  out.clear();
  write_m3u_header("http://b/g.xml", out);
  EXPECT_EQ(out, "#EXTM3U url-tvg=\"http://b/g.xml\" x-tvg-url=\"http://b/g.xml\"\n");
}

/// Text of the characters that have a meaning in a playlist.
std::string random_text(std::mt19937& random, std::size_t longest) {
  static const std::vector<std::string> kPieces = {
      "a", "B", "7",    " ",     "=",   "\"", "'", ",", "#",    "\t",   "\n",  "\r",       "é",
      "Ⓢ", "|", "key=", " x=\"", "://", "/",  "&", "-", "\x01", "\x7F", "===", "#EXTINF:", "  "};
  std::string text;
  const std::size_t length = std::uniform_int_distribution<std::size_t>(0, longest)(random);
  for (std::size_t i = 0; i < length; ++i)
    text += kPieces[std::uniform_int_distribution<std::size_t>(0, kPieces.size() - 1)(random)];
  return text;
}

TEST_F(M3uWriter, WhatIsWrittenReadsBackToTheSameChannels) {
  std::mt19937 random(20240229);  // NOLINT(cert-msc51-cpp): repeatable on purpose
  for (int round = 0; round < 3000; ++round) {
    batch_.clear();
    for (int i = 0; i < 3; ++i) {
      TestChannel channel{
          .name = random_text(random, 6),
          .id = random_text(random, 4),
          .tvg_name = random_text(random, 4),
          .logo = random_text(random, 6),
          .shift = random_text(random, 2),
          .chno = random_text(random, 2),
          .group = random_text(random, 5),
          .url = "http://" + random_text(random, 6),
          .duration = "-1",
          .attributes = {{"catchup", random_text(random, 4)}, {"x-y", random_text(random, 4)}},
          .directives = {"#EXTVLCOPT:" + random_text(random, 4)}};
      add(channel);
    }
    const std::string first = "#EXTM3U\n" + write();
    const ReadList read = read_text(first);
    ASSERT_EQ(read.channels.size(), 3U) << first;
    EXPECT_EQ(read.problems.total(), 0U) << first;
    batch_.clear();
    for (const TestChannel& channel : read.channels) add(channel);
    ASSERT_EQ("#EXTM3U\n" + write(), first);
    const TestChannel& last = read.channels.back();
    EXPECT_EQ(last.directives.size(), 1U);
  }
}

}  // namespace
}  // namespace m3u_proxy::formats
