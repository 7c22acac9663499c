// Guides cut at every byte and read in windows of every size: nothing comes out that is not in the
// whole, and the windows make no difference. The guides are those of tests/cases.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>

namespace m3u_proxy::formats {
namespace {

struct Guide {
  std::string name;
  std::string text;
};

std::vector<Guide> guides_of_cases() {
  std::vector<Guide> guides;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(M3U_PROXY_TEST_CASES)) {
    if (entry.path().extension() != ".xml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    guides.push_back(
        {.name = entry.path().string(),
         .text = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
  }
  std::ranges::sort(guides, {}, &Guide::name);
  return guides;
}

struct Outcome {
  std::vector<std::string> elements;  ///< that can be used, as they would be written
  ProblemLog problems;
  bool usable = false;
  bool truncated = false;

  void keep(std::string_view element, XmltvChecker& checker) {
    if (const auto kept = checker.check(element, false, problems, 0)) elements.emplace_back(*kept);
  }
};

Outcome read(std::string_view text, std::size_t step) {
  Outcome out;
  XmltvChecker checker(std::pmr::new_delete_resource());
  XmltvSplitter splitter;
  std::pmr::vector<XmltvSpan> spans;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (true) {
    end += std::min(step, text.size() - end);
    const bool last = end == text.size();
    const std::string_view window = text.substr(begin, end - begin);
    spans.clear();
    const auto used =
        splitter.split(window, last ? XmltvSplitter::Input::kEnd : XmltvSplitter::Input::kMore,
                       spans, out.problems);
    for (const XmltvSpan& span : spans) out.keep(window.substr(span.begin, span.size), checker);
    if (!used) return out;
    begin += *used;
    if (last) break;
  }
  out.usable = true;
  out.truncated = splitter.truncated();
  return out;
}

TEST(XmltvCut, ThereAreGuidesInTheCases) { EXPECT_GE(guides_of_cases().size(), 25U); }

TEST(XmltvCut, WindowsOfEverySizeGiveTheSame) {
  for (const Guide& guide : guides_of_cases()) {
    const Outcome whole = read(guide.text, guide.text.size() + 1);
    for (std::size_t step = 1; step <= guide.text.size(); ++step) {
      const Outcome pieces = read(guide.text, step);
      ASSERT_EQ(pieces.usable, whole.usable) << guide.name << ", " << step;
      ASSERT_EQ(pieces.elements, whole.elements) << guide.name << ", " << step;
      ASSERT_EQ(pieces.truncated, whole.truncated) << guide.name << ", " << step;
      ASSERT_EQ(pieces.problems.by_reason(), whole.problems.by_reason())
          << guide.name << ", " << step;
    }
  }
}

TEST(XmltvCut, WhatComesOutOfThePartIsTheBeginningOfTheWhole) {
  for (const Guide& guide : guides_of_cases()) {
    const Outcome whole = read(guide.text, guide.text.size() + 1);
    for (std::size_t size = 0; size < guide.text.size(); ++size) {
      const std::string_view part = std::string_view(guide.text).substr(0, size);
      for (const std::size_t step : {std::size_t{1}, std::size_t{13}, size + 1}) {
        const Outcome cut = read(part, step);
        ASSERT_LE(cut.elements.size(), whole.elements.size()) << guide.name << ", " << size;
        ASSERT_TRUE(std::equal(cut.elements.begin(), cut.elements.end(), whole.elements.begin()))
            << guide.name << ", " << size << ", " << step;
        // What is missing is told.
        if (cut.elements.size() < whole.elements.size()) {
          ASSERT_TRUE(!cut.usable || cut.truncated) << guide.name << ", " << size;
        }
      }
    }
  }
}

}  // namespace
}  // namespace m3u_proxy::formats
