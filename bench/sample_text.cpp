#include "sample_text.hpp"

#include <array>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace m3u_proxy::bench {
namespace {

constexpr std::size_t kEntries = 2000;
constexpr std::size_t kProgrammes = 3000;

constexpr std::array<std::string_view, 24> kNames = {
    "Sport",   "News",     "Cinema",  "Kids",     "Music",   "Nature",   "History", "Comedy",
    "Drama",   "Crime",    "Travel",  "Cooking",  "Science", "Football", "Golf",    "Tennis",
    "Classic", "Thriller", "Romance", "Westerns", "Family",  "Motor",    "Fashion", "Wiadomości"};
constexpr std::array<std::string_view, 10> kBrands = {"Sky", "Canal+", "Nova", "Pro",  "RTL",
                                                      "TV",  "Arena",  "Cine", "Télé", "Звезда"};
constexpr std::array<std::string_view, 12> kCountries = {"UK", "US", "DE", "FR", "IT", "ES",
                                                         "PL", "NL", "PT", "TR", "AU", "CA"};
constexpr std::array<std::string_view, 8> kQualities = {"",    " HD", " HD", " FHD",
                                                        " 4K", "",    " SD", " HEVC"};
constexpr std::array<std::string_view, 10> kGroups = {
    "General", "Sports", "News", "Movies", "Kids", "Music", "Series", "VOD", "Adult", "24/7"};
constexpr std::array<std::string_view, 8> kSentences = {
    "The contestants try to prove their knowledge in a blind taste test, but time runs out.",
    "A detective returns to the town where it all began and finds an old friend in trouble.",
    "Highlights of the day&apos;s matches, with analysis and interviews from the studio.",
    "Ein Reporter folgt der Spur des Geldes durch drei Länder &amp; zwei Jahrzehnte.",
    "The family moves into the house on the hill. Nobody told them about the neighbours.",
    "Une équipe de chercheurs suit les baleines pendant leur migration vers le nord.",
    "News, sport and weather from around the region, live every hour throughout the day.",
    "Three strangers share a taxi, a secret and a suitcase that belongs to none of them."};

/// A fixed sequence of well mixed numbers (splitmix64), so that runs compare.
class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::string_view pick(std::span<const std::string_view> from) {
    return from[next() % from.size()];
  }

 private:
  std::uint64_t state_;
};

void append_entry(std::string& out, Sequence& numbers, std::size_t index) {
  const std::string_view country = numbers.pick(kCountries);
  const std::string name = fmt::format("{} {} {}{}", numbers.pick(kBrands), numbers.pick(kNames),
                                       index % 90 + 1, numbers.pick(kQualities));
  // One channel in ten has no id, one in five brings its number: as subscriptions do.
  const std::string id = numbers.next() % 10 == 0
                             ? std::string()
                             : fmt::format("ch{}.{}", numbers.next() % 1'000'000, country);
  const std::string number =
      numbers.next() % 5 == 0 ? fmt::format(" tvg-chno=\"{}\"", index + 1) : std::string();
  fmt::format_to(std::back_inserter(out),
                 "#EXTINF:-1 tvg-id=\"{}\" tvg-name=\"{}\" "
                 "tvg-logo=\"https://logos.example.net/{}/{:016x}.png\"{} tvg-country=\"{}\" "
                 "group-title=\"{} | {}\",{}\n",
                 id, name, country, numbers.next(), number, country, country, numbers.pick(kGroups),
                 name);
  if (index % 20 == 0) out += "#EXTVLCOPT:http-user-agent=Mozilla/5.0 (SmartTV)\n";
  fmt::format_to(std::back_inserter(out),
                 "http://stream.example.org:8080/live/user{:08x}/secret/{}.ts\n",
                 static_cast<std::uint32_t>(numbers.next()), 100'000 + index);
}

void append_programme(std::string& out, Sequence& numbers, std::size_t index) {
  fmt::format_to(std::back_inserter(out),
                 "  <programme start=\"\" stop=\"\" channel=\"\">\n"
                 "    <title lang=\"en\">{} {}</title>\n",
                 numbers.pick(kNames), index % 250 + 1);
  if (index % 2 == 0)
    fmt::format_to(std::back_inserter(out), "    <sub-title>Episode {}</sub-title>\n",
                   index % 24 + 1);
  fmt::format_to(std::back_inserter(out), "    <desc lang=\"en\">{}", numbers.pick(kSentences));
  if (index % 3 != 0) fmt::format_to(std::back_inserter(out), " {}", numbers.pick(kSentences));
  fmt::format_to(std::back_inserter(out), "</desc>\n    <category>{}</category>\n",
                 numbers.pick(kNames));
  if (index % 3 == 0)
    out +=
        "    <credits>\n      <director>A. Director</director>\n      <actor role=\"Anna\">"
        "B. Actor</actor>\n    </credits>\n";
  if (index % 4 == 0)
    fmt::format_to(std::back_inserter(out),
                   "    <icon src=\"https://images.example.net/{:016x}.jpg\"/>\n", numbers.next());
  if (index % 2 == 0)
    fmt::format_to(std::back_inserter(out),
                   "    <episode-num system=\"xmltv_ns\">{}.{}.</episode-num>\n", index % 9,
                   index % 24);
  if (index % 5 == 0)
    out += "    <rating system=\"MPAA\">\n      <value>PG</value>\n    </rating>\n";
  out += "  </programme>\n";
}

}  // namespace

std::string sample_playlist() {
  std::string out = "#EXTM3U\n";
  Sequence numbers(1);
  for (std::size_t i = 0; i < kEntries; ++i) append_entry(out, numbers, i);
  return out;
}

std::string sample_guide() {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv>\n";
  Sequence numbers(2);
  for (std::size_t i = 0; i < kProgrammes; ++i) append_programme(out, numbers, i);
  out += "</tv>\n";
  return out;
}

}  // namespace m3u_proxy::bench
