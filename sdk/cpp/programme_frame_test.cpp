#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sdk/cpp/m3u_plugin.hpp>

#include <m3u_proxy/sdk/programme_frame_generated.h>

namespace m3u_proxy::sdk {
namespace {

using m3u::ProgrammeField;
using ::testing::ElementsAre;

class ProgrammeFrameTest : public testing::Test {
 protected:
  ~ProgrammeFrameTest() override {
    for (void* frame : frames_) m3u::detail::deallocate(frame);
  }

  /// Titles of a frame of the SDK's making as FlatBuffers' own code reads them.
  std::vector<std::string> titles(const m3u::detail::Block& block) {
    frames_.push_back(block.data);
    const auto* const bytes = static_cast<const std::uint8_t*>(block.data);
    flatbuffers::Verifier verifier(bytes, block.size);
    EXPECT_TRUE(frame::VerifyProgrammeBatchBuffer(verifier));
    const frame::ProgrammeBatch* const root = frame::GetProgrammeBatch(bytes);
    EXPECT_EQ(root->columns()->size(), 13U);
    EXPECT_EQ(root->origin()->size(), root->rows());
    EXPECT_EQ(root->source()->size(), root->rows());
    std::vector<std::string> result;
    result.reserve(root->rows());
    const auto& offsets = *root->columns()->Get(1)->offsets();
    EXPECT_EQ(offsets.size(), root->rows() + 1);
    for (std::uint32_t row = 0; row < root->rows(); ++row)
      result.emplace_back(reinterpret_cast<const char*>(root->text()->data()) + offsets[row],
                          offsets[row + 1] - offsets[row]);
    return result;
  }

  /// Two programmes.
  m3u::ProgrammeBatch two() {
    m3u::ProgrammeWriter writer;
    for (const char* title : {"One", "Two"}) {
      writer.add_new(3);
      writer.set(ProgrammeField::kChannelId, "a.tv");
      writer.set(ProgrammeField::kTitle, m3u::Text(std::string_view(title)));
      writer.set(ProgrammeField::kElement, writer.store("<programme/>"));
    }
    const m3u::detail::Block block = writer.build();
    EXPECT_THAT(titles(block), ElementsAre("One", "Two"));
    return {block.data, block.size};
  }

 private:
  std::vector<void*> frames_;
};

TEST_F(ProgrammeFrameTest, WhatIsWrittenIsReadAgain) {
  const m3u::ProgrammeBatch batch = two();
  ASSERT_EQ(batch.rows(), 2U);
  EXPECT_EQ(batch.title(1), "Two");
  EXPECT_EQ(batch.channel_id(0), "a.tv");
  EXPECT_EQ(batch.description(0), "");
  EXPECT_EQ(batch.element(0), "<programme/>");
  EXPECT_EQ(batch.source(1), 3);
  EXPECT_EQ(batch.origin(0), m3u::ProgrammeBatch::kNew);
}

TEST_F(ProgrammeFrameTest, SetTitlesChangeAndNothingElseDoes) {
  const m3u::ProgrammeBatch batch = two();
  m3u::ProgrammeEditor editor(batch);
  editor.set(ProgrammeField::kTitle, 0, "A longer title");
  const m3u::detail::Block block = editor.build();
  EXPECT_THAT(titles(block), ElementsAre("A longer title", "Two"));
  const m3u::ProgrammeBatch edited(block.data, block.size);
  EXPECT_EQ(edited.element(1), "<programme/>");
  EXPECT_EQ(edited.source(0), 3);
}

TEST_F(ProgrammeFrameTest, DroppedRowsAreGone) {
  const m3u::ProgrammeBatch batch = two();
  m3u::ProgrammeEditor editor(batch);
  editor.drop(0);
  editor.set(ProgrammeField::kTitle, 1, "2");
  EXPECT_THAT(titles(editor.build()), ElementsAre("2"));
}

TEST_F(ProgrammeFrameTest, AChunkInWhichNothingChangesIsTheInputItself) {
  const m3u::ProgrammeBatch batch = two();
  m3u::Output out({const_cast<char*>(batch.frame().data()), batch.frame().size()});
  const m3u::ProgrammeEditor editor(batch);
  EXPECT_EQ(out.give(editor), m3u::Result::kBatch);
  EXPECT_EQ(out.block().data, batch.frame().data());
}

}  // namespace
}  // namespace m3u_proxy::sdk
