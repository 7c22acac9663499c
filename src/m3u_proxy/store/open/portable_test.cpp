#include <utility>

#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store {
namespace {

using portable::Kind;
using portable::Purpose;
using testing::at;
using testing::code_of;
using testing::Engine;
using ::testing::HasSubstr;
using testing::id;
using testing::must;
using testing::name_of;

/// Lines, kind by kind.
using Content = std::vector<std::pair<const Kind*, std::vector<std::string>>>;

class Lines final : public portable::LineSource {
 public:
  explicit Lines(Content content) : kinds(std::move(content)) {}
  Result<const Kind*> next_kind() override {
    line_ = 0;
    return kind_ == kinds.size() ? nullptr : kinds[kind_++].first;
  }
  Result<std::optional<std::string_view>> next_line() override {
    const auto& lines = kinds[kind_ - 1].second;
    if (line_ == lines.size()) return std::nullopt;
    // With the room behind it that a parser may read.
    constexpr std::size_t kRoom = 64;
    text_ = lines[line_++] + std::string(kRoom, ' ');
    return std::string_view(text_).substr(0, text_.size() - kRoom);
  }

  Content kinds;

 private:
  std::size_t kind_ = 0;
  std::size_t line_ = 0;
  std::string text_;
};

class PortableTest : public testing::StoreTest {
 protected:
  /// All lines of the test's store, sealed with another key.
  Content lines() {
    Content out;
    must(store().write_rows(
        key_, [](std::string_view) -> Result<std::string> { return R"({"url":"***"})"; },
        [&](const Kind& kind, std::string_view line) -> Result<> {
          if (out.empty() || out.back().first != &kind)
            out.emplace_back(&kind, std::vector<std::string>());
          out.back().second.emplace_back(line);
          return {};
        }));
    return out;
  }
  /// A store with one of everything, texts that formats stumble over among it.
  void fill() {
    const Entity source = must(store().entities().create(
        {.kind = EntityKind::kSource, .name = "tv", .body = R"({"url":"http://a:b@c"})"}, at(1)));
    const Entity proxy = must(store().entities().create(
        {.kind = EntityKind::kProxy, .name = "höme", .body = R"({"sources":["tv"]})"}, at(2)));
    const User user = must(store().users().create(
        {.name = "anna", .password_hash = "$argon2id$…", .role = "admin"}, at(3)));
    must(store().tokens().create(
        {.name = "t", .hash = "h", .user = user.id, .scopes = R"(["read"])"}, at(4)));
    must(store().tokens().create(
        {.kind = TokenKind::kOutput, .name = "o", .hash = "i", .proxy = proxy.id, .scopes = "[]"},
        at(5)));
    must(store().edits().put({.channel = id(7), .name = "a\\tb\"c\\N\\.", .hidden = false}, at(6)));
    must(store().edits().put({.channel = id(7),
                              .proxy = proxy.id,
                              .group = "",
                              .hidden = true,
                              .place = EditPlace::kAfter,
                              .place_channel = id(9)},
                             at(7)));
    must(store().settings().put("theme", R"({"dark":true})", 0, at(8)));
    const std::string sealed = must(store().key().seal("installation", "secret"));
    must(store().settings().put("installation", "\"" + sealed + "\"", 0, at(9)));
    must(store().logos().add({.id = id(3),
                              .name = "l",
                              .mime = "image/png",
                              .bytes = 5,
                              .content_hash = "x",
                              .created = at(10)}));
    (void)source;
  }

  SecretKey key_ = must_key();

  static SecretKey must_key() {
    auto key = SecretKey::of_bytes(std::string(SecretKey::kSize, 'k'));
    if (!key) std::abort();
    return *std::move(key);
  }
};

TEST_P(PortableTest, WhatIsReadBackIsWhatWasWritten) {
  fill();
  const Content before = lines();
  const auto edits = must(store().edits().page(std::nullopt, 10));
  Lines source(before);
  const auto read = must(store().read_rows(&key_, Purpose::kRestore, source));
  EXPECT_EQ(read.rows, 9);  // the setting `installation` stays as it is
  EXPECT_EQ(read.without_secrets, 0);
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body,
            R"({"url":"http://a:b@c"})");
  const auto again = must(store().edits().page(std::nullopt, 10));
  ASSERT_EQ(again.size(), edits.size());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    EXPECT_EQ(again[i].name, edits[i].name);
    EXPECT_EQ(again[i].group, edits[i].group);
    EXPECT_EQ(again[i].hidden, edits[i].hidden);
    EXPECT_EQ(again[i].place_channel, edits[i].place_channel);
    EXPECT_EQ(again[i].updated, edits[i].updated);
  }
  EXPECT_EQ(must(store().users().find("anna"))->role, "admin");
  EXPECT_TRUE(must(store().tokens().find("h", at(20))));
  EXPECT_EQ(must(store().logos().list()).size(), 1);
  const Content after = lines();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    EXPECT_EQ(after[i].second.size(), before[i].second.size()) << before[i].first->name;
}

TEST_P(PortableTest, WithoutTheKeySourcesComeWithoutTheirAccounts) {
  fill();
  Lines source(lines());
  const auto read = must(store().read_rows(nullptr, Purpose::kRestore, source));
  EXPECT_EQ(read.without_secrets, 1);
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body, R"({"url":"***"})");
}

TEST_P(PortableTest, WithoutTheKeySealedSettingsComeAsTheyAreShownAndTokensNotAtAll) {
  const auto put = [&](const std::string& key, std::string_view open) {
    const std::string sealed = must(store().key().seal(key, open));
    must(store().settings().put(key, "\"" + sealed + "\"", 0, at(1)));
  };
  const auto opened = [&](const std::string& key) {
    const auto row = must(store().settings().find(key));
    if (!row) return std::string("none");
    return must(store().key().open(key, row->value.substr(1, row->value.size() - 2)));
  };
  put("configuration", R"({"service":{"refresh":"6h"}})");
  put("output_token/x", "secret");
  const Content before = lines();
  for (const auto& [kind, texts] : before)
    for (const std::string& line : texts) EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  Lines source(before);
  EXPECT_EQ(must(store().read_rows(nullptr, Purpose::kRestore, source)).without_secrets, 0);
  // What lines() hides.
  EXPECT_EQ(opened("configuration"), R"({"url":"***"})");
  EXPECT_EQ(opened("output_token/x"), "none");
  Lines again(before);
  must(store().read_rows(&key_, Purpose::kRestore, again));
  EXPECT_EQ(opened("configuration"), R"({"service":{"refresh":"6h"}})");
  EXPECT_EQ(opened("output_token/x"), "secret");
}

TEST_P(PortableTest, AWrongLineChangesNothing) {
  fill();
  const auto refused = [&](std::string_view kind, std::string line) {
    Lines source(lines());
    for (auto& [one, texts] : source.kinds)
      if (one->name == kind) texts.push_back(std::move(line));
    auto read = store().read_rows(&key_, Purpose::kRestore, source);
    EXPECT_FALSE(read) << line;
    EXPECT_EQ(must(store().edits().page(std::nullopt, 10)).size(), 2);
    EXPECT_TRUE(must(store().users().find("anna")));
    return read ? std::string() : read.error().message;
  };
  EXPECT_THAT(refused("users", "{"), HasSubstr("users, line 2: this is no JSON object"));
  EXPECT_THAT(refused("users", R"({"id":"x"})"), HasSubstr("id is no id"));
  EXPECT_THAT(refused("users", R"({"role":"queen"})"), HasSubstr("role is none of"));
  EXPECT_THAT(refused("users", R"({"disabled":"no"})"), HasSubstr("disabled is neither"));
  EXPECT_THAT(refused("logos", R"({"bytes":1.5})"), HasSubstr("bytes is no whole number"));
  EXPECT_THAT(refused("edits", R"({"channel":"00000000-0000-0000-0000-000000000007"})"),
              HasSubstr("is missing"));
  EXPECT_THAT(refused("edits", R"({"name":"a\nb"})"), HasSubstr("name is too long, or has line"));
  EXPECT_THAT(refused("edits", R"({"number":"7."})"), HasSubstr("number is no number"));
  EXPECT_THAT(refused("edits", R"({"number":"7\n"})"), HasSubstr("number is no number"));
  EXPECT_THAT(refused("edits", R"({"colour":"red"})"), HasSubstr("colour is unknown"));
  EXPECT_THAT(refused("edits", R"({"name":"a","name":"b"})"), HasSubstr("name is there twice"));
  Lines twice(lines());
  for (auto& [kind, texts] : twice.kinds) texts.push_back(texts.front());
  EXPECT_EQ(code_of(store().read_rows(&key_, Purpose::kRestore, twice)), ErrorCode::kConflict);
  EXPECT_EQ(must(store().edits().page(std::nullopt, 10)).size(), 2);
}

TEST_P(PortableTest, ATextThatDoesNotOpenIsRefused) {
  fill();
  Lines source(lines());
  const SecretKey other = *SecretKey::of_bytes(std::string(SecretKey::kSize, 'o'));
  EXPECT_EQ(code_of(store().read_rows(&other, Purpose::kRestore, source)), ErrorCode::kParse);
}

TEST_P(PortableTest, WhatBelongsToWhatStaysStays) {
  fill();
  const Entity source = must(store().entities().find(EntityKind::kSource, "tv"));
  must(store().snapshots().publish({.id = id(1), .source = source.id, .fetched = at(1)}, {}));
  Lines before(lines());
  const Entity other = must(store().entities().create(
      {.kind = EntityKind::kSource, .name = "other", .body = "{}"}, at(20)));
  must(store().snapshots().publish({.id = id(2), .source = other.id, .fetched = at(1)}, {}));
  must(store().read_rows(&key_, Purpose::kRestore, before));
  EXPECT_TRUE(must(store().snapshots().current(source.id)));
  EXPECT_FALSE(must(store().snapshots().current(other.id)));
}

M3U_ON_BOTH_ENGINES(PortableTest);

}  // namespace
}  // namespace m3u_proxy::store
