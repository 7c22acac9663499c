#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kStored =
    R"({"headers":{"X-Key":"secret"},"url":"https://anna:pw@h.example/list?token=abcdef"})";

ConfigNode node(std::string_view text) { return config::parse_json(text, "config").value(); }

struct Restored {
  std::string config;
  std::vector<std::string> hidden;
};
Restored restored(std::string_view sent, std::string_view stored = kStored) {
  ConfigNode config = node(sent);
  auto hidden = restore_secrets(config, node(stored));
  return {.config = config::to_json(config), .hidden = std::move(hidden)};
}

TEST(EntitySecrets, WhatWasShownComesBackAsItIsStored) {
  const std::string shown = without_secrets(kStored).value();
  EXPECT_EQ(shown.find("pw"), std::string::npos);
  EXPECT_EQ(shown.find("secret"), std::string::npos);
  const Restored back = restored(shown);
  EXPECT_EQ(back.config, kStored);
  EXPECT_THAT(back.hidden, IsEmpty());
}

TEST(EntitySecrets, AHeaderStaysWithTheServerThatItIsFor) {
  for (const std::string_view same :
       {R"({"url":"https://h.example/other","headers":{"X-Key":"***"}})",
        R"({"url":"https://H.example:443/","headers":{"X-Key":"***"}})",
        R"({"url":"xtreams://u:p@h.example","headers":{"X-Key":"***"}})"}) {
    const Restored back = restored(same);
    EXPECT_NE(back.config.find(R"("X-Key":"secret")"), std::string::npos) << same;
    EXPECT_THAT(back.hidden, IsEmpty()) << same;
  }
  for (const std::string_view other :
       {R"({"url":"https://evil.example/","headers":{"X-Key":"***"}})",
        R"({"url":"https://h.example:444/list","headers":{"X-Key":"***"}})",
        R"({"url":"http://h.example/list","headers":{"X-Key":"***"}})",
        R"({"url":"https://h.example@evil.example/","headers":{"X-Key":"***"}})",
        R"({"url":"https://h.example.evil.example/","headers":{"X-Key":"***"}})",
        R"({"url":"xtreams://u:p@evil.example","headers":{"X-Key":"***"}})",
        R"({"path":"/h.example","headers":{"X-Key":"***"}})", R"({"headers":{"X-Key":"***"}})"}) {
    const Restored back = restored(other);
    EXPECT_EQ(back.config.find("secret"), std::string::npos) << other;
    EXPECT_THAT(back.hidden, ElementsAre("config.headers.X-Key")) << other;
  }
}

TEST(EntitySecrets, AnAccountStaysWhileTheRestOfItsAddressChanges) {
  constexpr std::string_view kAccount = R"({"url":"xtream://anna:p%40w@h.example:80?live"})";
  for (const auto& [sent, expected] : std::vector<std::pair<std::string, std::string>>{
           {"xtream://***@h.example:80?live&vod", "xtream://anna:p%40w@h.example:80?live&vod"},
           {"xtream://***:@h.example:80?live", "xtream://anna:p%40w@h.example:80?live"},
           {"xtream://***:***@h.example:80", "xtream://anna:p%40w@h.example:80"},
           {"xtream://***:new@h.example:80", "xtream://anna:new@h.example:80"},
           {"xtream://otto:new@h.example:80", "xtream://otto:new@h.example:80"}}) {
    const Restored back = restored(R"({"url":")" + sent + R"("})", kAccount);
    EXPECT_EQ(back.config, R"({"url":")" + expected + R"("})") << sent;
    EXPECT_THAT(back.hidden, IsEmpty()) << sent;
  }
  for (const std::string sent :
       {"xtream://***@evil.example:80?live", "xtream://***@h.example:81?live",
        "xtream://***@h.example:80@evil.example", "xtream://***@evil.example/@h.example:80?live"})
    EXPECT_EQ(restored(R"({"url":")" + sent + R"("})", kAccount).config.find("p%40w"),
              std::string::npos)
        << sent;
  EXPECT_EQ(restored(R"({"url":"https://***@h.example/b?x=1&token=***#f"})").config,
            R"({"url":"https://anna:pw@h.example/b?x=1&token=abcdef#f"})");
  for (const std::string sent :
       {"https://***@evil.example/list?token=***", "http://***@h.example/list?token=***",
        "https://***@h.example\\\\@evil.example/?token=***"}) {
    const Restored back = restored(R"({"url":")" + sent + R"("})");
    EXPECT_EQ(back.config.find("pw"), std::string::npos) << sent;
    EXPECT_EQ(back.config.find("abcdef"), std::string::npos) << sent;
  }
}

TEST(EntitySecrets, WhatIsStillHiddenIsSaid) {
  for (const std::string sent :
       {"https://***@evil.example/list", "https://h.example/list?password=***",
        "https://h.example/live/***/***/1.ts", "xtream://***@evil.example"})
    EXPECT_THAT(restored(R"({"url":")" + sent + R"("})").hidden, ElementsAre("config.url")) << sent;
  EXPECT_THAT(restored(R"({"url":"https://h.example/list","headers":{"Cookie":"***"}})").hidden,
              ElementsAre("config.headers.Cookie"));
  EXPECT_THAT(restored(R"({"url":"https://h.example/a***b","headers":{"Cookie":"a"}})").hidden,
              IsEmpty());
}

TEST(EntitySecrets, AddressesAnywhereComeBackAsTheyAreStored) {
  constexpr std::string_view kChannels =
      R"json({"channels":[{"name":"A","url":"http://u:pw@h.example/1"},)json"
      R"json({"name":"B","url":"http://u:pw@h.example/2"},"http://u:pw@h.example/3"],)json"
      R"json("expression":"true SET logo = \"http://u:pw@h.example/x.png\""})json";
  const auto back = [&](std::string_view sent) {
    ConfigNode config = node(sent);
    restore_in_addresses(config, node(kChannels));
    return config::to_json(config);
  };
  ConfigNode shown = node(kChannels);
  hide_in_addresses(shown);
  EXPECT_EQ(config::to_json(shown).find("pw"), std::string::npos);
  EXPECT_EQ(back(config::to_json(shown)), kChannels);
  // Another order, another name.
  EXPECT_EQ(back(R"({"channels":[{"name":"B","url":"http://***@h.example/2"},)"
                 R"({"name":"A","url":"http://***@h.example/1"}]})"),
            R"({"channels":[{"name":"B","url":"http://u:pw@h.example/2"},)"
            R"({"name":"A","url":"http://u:pw@h.example/1"}]})");
  EXPECT_EQ(back(R"({"channels":[{"name":"One","url":"http://***@h.example/1"}]})"),
            R"({"channels":[{"name":"One","url":"http://u:pw@h.example/1"}]})");
  // No other server hears of it.
  EXPECT_EQ(back(R"({"channels":[{"name":"A","url":"http://***@evil.example/1"}]})"),
            R"({"channels":[{"name":"A","url":"http://***@evil.example/1"}]})");
}

}  // namespace
}  // namespace m3u_proxy::api
