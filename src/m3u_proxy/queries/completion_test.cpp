#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/queries/completion.hpp>

namespace m3u_proxy::queries {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> labels(std::string_view expression,
                                ExpressionKind kind = ExpressionKind::kFilter) {
  std::vector<std::string> labels;
  for (const Suggestion& suggestion :
       complete(expression, expression.size(), kind, catalog::Domain::kChannels).suggestions)
    labels.push_back(suggestion.label);
  return labels;
}

TEST(Completion, BeginsWithFields) {
  EXPECT_THAT(labels(""), Contains("group_title"));
  EXPECT_THAT(labels("group_t"), ElementsAre("group_title"));
  EXPECT_THAT(labels("NOT (chan"), Contains("channel_name"));
}

TEST(Completion, OffersOperatorsBehindAField) {
  EXPECT_THAT(labels("channel_name "), Contains("contains"));
  EXPECT_THAT(labels("channel_name not_c"), ElementsAre("not_contains"));
  EXPECT_THAT(labels("channel_name "), Not(Contains("group_title")));
}

TEST(Completion, NamesTheFieldWhoseValuesCanStandInAQuote) {
  const std::string text = "channel_name contains \"x\" AND group_title equals \"Spo";
  const Completion found =
      complete(text, text.size(), ExpressionKind::kFilter, catalog::Domain::kChannels);
  ASSERT_TRUE(found.values_of);
  EXPECT_EQ(catalog::field_name(catalog::Domain::kChannels, *found.values_of), "group_title");
  EXPECT_EQ(found.prefix, "Spo");
  EXPECT_TRUE(found.is_quoted);
  EXPECT_EQ(text.substr(found.from, found.to - found.from), "Spo");
}

TEST(Completion, OffersWhatJoinsConditionsBehindAValue) {
  EXPECT_THAT(labels("channel_name contains \"x\" "), ElementsAre("AND", "OR"));
  EXPECT_THAT(labels("channel_name contains \"x\" ", ExpressionKind::kRule),
              ElementsAre("AND", "OR", "SET", "REMOVE"));
}

TEST(Completion, OffersFieldsThatCanBeSetInARule) {
  const auto found = labels("channel_name contains \"x\" SET ", ExpressionKind::kRule);
  EXPECT_THAT(found, Contains("group_title"));
  EXPECT_THAT(found, Not(Contains("source_name")));
  EXPECT_THAT(labels("SET group_title ", ExpressionKind::kRule),
              ElementsAre("=", "?=", "+=", "-="));
}

TEST(Completion, LooksOnlyAtWhatStandsBeforeThePlace) {
  const std::string text = "gro contains \"x\"";
  const Completion found = complete(text, 3, ExpressionKind::kFilter, catalog::Domain::kChannels);
  EXPECT_EQ(found.from, 0U);
  EXPECT_EQ(found.to, 3U);
  EXPECT_FALSE(found.suggestions.empty());
}

TEST(Completion, ClassifiesWordsByWhatTheyAreInTheirPlace) {
  std::vector<std::string> classes;
  for (const ClassifiedToken& token :
       classify("NOT (group_title contains \"a\" OR tvg_chno > 5) SET x = \"y"))
    classes.emplace_back(to_string(token.word_class));
  EXPECT_THAT(classes, ElementsAre("keyword", "punctuation", "field", "operator", "value",
                                   "keyword", "field", "operator", "number", "punctuation",
                                   "keyword", "field", "operator", "value"));
  EXPECT_THAT(classify(""), IsEmpty());
}

}  // namespace
}  // namespace m3u_proxy::queries
