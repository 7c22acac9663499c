#include <chrono>

#include <gtest/gtest.h>

#include <m3u_proxy/outputs/published.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::outputs {
namespace {

constexpr store::Time kLongAgo{std::chrono::hours(1)};
constexpr store::Time kInTheYear2170{std::chrono::hours(24 * 365 * 200)};

class PublishedTest : public ::testing::Test {
 protected:
  PublishedTest() { id_.bytes[0] = 7; }
  void publish(Published::Doors doors) {
    published_.replace({PublishedProxy::make(id_, "home", nullptr, {}, 0).value()},
                       std::move(doors));
  }
  [[nodiscard]] bool opens(std::string_view door) const {
    const auto proxy = published_.find(door);
    return proxy != nullptr && proxy->id() == id_;
  }

  Uuid id_{};
  Published published_;
  const std::string token_ = store::make_token().value();
  const std::string hash_ = store::hash_token(token_).value();
};

TEST_F(PublishedTest, ATokenIsFoundByItsHashAndByNothingElse) {
  publish({.by_token_hash = {{hash_, id_}}, .by_name = {}, .ends = {}});
  EXPECT_TRUE(opens(token_));
  EXPECT_FALSE(opens(hash_));
  EXPECT_FALSE(opens(""));
  EXPECT_FALSE(opens(token_.substr(0, token_.size() - 1)));
  // Were tokens compared themselves, this would open it.
  publish({.by_token_hash = {{token_, id_}}, .by_name = {}, .ends = {}});
  EXPECT_FALSE(opens(token_));
}

TEST_F(PublishedTest, ATokenThatHasEndedOpensNothing) {
  publish({.by_token_hash = {{hash_, id_}}, .by_name = {}, .ends = {{hash_, kLongAgo}}});
  EXPECT_FALSE(opens(token_));
  publish({.by_token_hash = {{hash_, id_}}, .by_name = {}, .ends = {{hash_, kInTheYear2170}}});
  EXPECT_TRUE(opens(token_));
}

TEST_F(PublishedTest, APublicProxyOpensByItsName) {
  publish({.by_token_hash = {}, .by_name = {{"home", id_}}, .ends = {}});
  EXPECT_TRUE(opens("home"));
  EXPECT_FALSE(opens("hom"));
}

}  // namespace
}  // namespace m3u_proxy::outputs
