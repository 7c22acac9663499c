#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/edits/listed_edits.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/edit_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

using edits::ChannelEdit;
using edits::Place;

class StringSink final : public io::ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

/// Ids as the numbers, the highest byte first.
Uuid id_of(std::uint32_t number) {
  Uuid id{};
  for (std::size_t i = 0; i < 4; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return id;
}

/// What has every kind of field among it.
ChannelEdit edit_of(std::uint32_t number) {
  ChannelEdit edit{.channel = id_of(number)};
  if (number % 2 == 0) edit.name = "name of " + std::to_string(number);
  if (number % 3 == 0) edit.number = std::to_string(number);
  if (number % 5 == 0) edit.hidden = number % 10 == 0;
  if (number % 7 == 0) edit.group = "";
  if (number % 11 == 0) edit.logo = "http://logo";
  if (number % 13 == 0) edit.guide_id = std::string(3000, 'g');
  return edit;
}

std::string file_of(const std::vector<ChannelEdit>& edits, memory::Budget& budget) {
  StringSink sink;
  EditFileWriter writer(sink, budget);
  for (const ChannelEdit& edit : edits) EXPECT_TRUE(writer.add(edit));
  EXPECT_TRUE(writer.finish());
  return sink.text;
}

Result<std::shared_ptr<const EditFile>> open(const io::TestFolder& folder, std::string_view bytes,
                                             memory::Budget& budget) {
  const std::filesystem::path path = folder / "edits";
  io::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  EXPECT_TRUE(io::write_all(file.get(), bytes, "test"));
  return EditFile::open(std::move(file), "edits", budget);
}

std::vector<std::pair<std::size_t, ChannelEdit>> found_in(const edits::ChannelEdits& edits,
                                                          const std::vector<Uuid>& ids) {
  std::vector<std::pair<std::size_t, ChannelEdit>> found;
  const auto done = edits.find(ids, [&](std::size_t index, const ChannelEdit& edit) -> Result<> {
    found.emplace_back(index, edit);
    return {};
  });
  EXPECT_TRUE(done) << to_string(done.error());
  std::ranges::sort(found, {}, &std::pair<std::size_t, ChannelEdit>::first);
  return found;
}

TEST(EditFile, AnswersAsAListInMemory) {
  const io::TestFolder folder;
  memory::Budget budget;
  std::vector<ChannelEdit> edits;
  for (std::uint32_t i = 10; i < 3000; i += 3) edits.push_back(edit_of(i));
  const edits::ListedEdits listed(edits);
  const auto file = open(folder, file_of(edits, budget), budget);
  ASSERT_TRUE(file) << to_string(file.error());
  std::vector<Uuid> ids;
  for (std::uint32_t i = 3100; i > 0; --i) ids.push_back(id_of(i));
  EXPECT_EQ((*file)->size(), listed.size());
  EXPECT_EQ(found_in(**file, ids), found_in(listed, ids));
  EXPECT_THAT(found_in(**file, {}), testing::IsEmpty());
}

TEST(EditFile, WithoutEditsFindsNothing) {
  const io::TestFolder folder;
  memory::Budget budget;
  const auto file = open(folder, file_of({}, budget), budget);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 0);
  EXPECT_THAT(found_in(**file, {id_of(0), id_of(1)}), testing::IsEmpty());
}

TEST(EditFile, KeepsThePlacesThatPeopleGave) {
  const io::TestFolder folder;
  memory::Budget budget;
  const auto file =
      open(folder,
           file_of({{.channel = id_of(1), .place = Place::kBefore, .anchor = id_of(9)},
                    {.channel = id_of(2), .name = "stays"},
                    {.channel = id_of(3), .place = Place::kAfter, .anchor = id_of(1)}},
                   budget),
           budget);
  ASSERT_TRUE(file);
  EXPECT_THAT(
      (*file)->placements(),
      testing::ElementsAre(
          edits::Placement{.channel = id_of(1), .anchor = id_of(9), .place = Place::kBefore},
          edits::Placement{.channel = id_of(3), .anchor = id_of(1), .place = Place::kAfter}));
}

TEST(EditFile, RefusesIdsOutOfOrder) {
  memory::Budget budget;
  StringSink sink;
  EditFileWriter writer(sink, budget);
  EXPECT_TRUE(writer.add({.channel = id_of(2)}));
  EXPECT_EQ(writer.add({.channel = id_of(2)}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(writer.add({.channel = id_of(1)}).error().code, ErrorCode::kInvalidArgument);
}

TEST(EditFile, MillionEditsTakeFewMegabytes) {
  const io::TestFolder folder;
  memory::Budget unlimited;
  StringSink sink;
  {
    EditFileWriter writer(sink, unlimited);
    for (std::uint32_t i = 0; i < 1'000'000; ++i)
      ASSERT_TRUE(writer.add({.channel = id_of(i), .number = std::to_string(i + 1)}));
    ASSERT_TRUE(writer.finish());
  }
  memory::Budget budget(mib(8));
  const auto file = open(folder, sink.text, budget);
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_LE(budget.used(), mib(5));
  std::vector<Uuid> ids;
  for (std::uint32_t i = 0; i < 1000; ++i) ids.push_back(id_of(i * 999));
  const auto found = found_in(**file, ids);
  ASSERT_EQ(found.size(), 1000);
  EXPECT_EQ(found[7].second.number, "6994");
}

TEST(EditFile, DamageAnywhereIsAnError) {
  const io::TestFolder folder;
  memory::Budget budget;
  std::vector<ChannelEdit> edits;
  std::vector<Uuid> ids;
  for (std::uint32_t i = 0; i < 200; ++i) {
    edits.push_back(edit_of(i));
    ids.push_back(id_of(i));
  }
  edits[3].place = Place::kAfter;
  const std::string good = file_of(edits, budget);
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    const auto file = open(folder, bad, budget);
    if (!file) continue;
    EXPECT_FALSE((*file)->find(ids, [](std::size_t, const ChannelEdit&) { return Result<>(); }))
        << at;
  }
}

}  // namespace
}  // namespace m3u_proxy::snapshots
