// Frames that are packed while they wait: what was packed is there again, byte for byte.
#include <sdk/cpp/sdk_testing.hpp>

namespace m3u_proxy::sdk {
namespace {

using m3u::ChannelField;

class PackedFrameTest : public FrameTest {
 protected:
  /// How many bytes it takes packed, without what follows for reading alone.
  std::size_t pack(m3u::Text frame) {
    const m3u::Text packed = packer_.pack(frame);
    m3u::detail::packed::Unpacker unpacker(packed);
    EXPECT_EQ(unpacker.size(), frame.size());
    m3u::Buffer again;
    unpacker.unpack(again.extend(frame.size()));
    EXPECT_TRUE(m3u::Text(again) == frame);
    return packed.size();
  }
  std::size_t pack(m3u::detail::Block block) {
    const std::size_t size = pack({static_cast<const char*>(block.data), block.size});
    m3u::detail::deallocate(block.data);
    return size;
  }

 private:
  m3u::detail::packed::Packer packer_;
};

TEST_F(PackedFrameTest, RandomFramesComeBackAsTheyWere) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<Channel> channels(random() % 50);
    for (Channel& channel : channels) {
      channel = random_channel(random);
      if (round % 3 == 0 && !channels.empty()) {  // much that is the same
        channel.columns = channels.front().columns;
        channel.columns[random() % 9] += random_text(random);
        channel[ChannelField::kTvgName] = channel[ChannelField::kChannelName];
      }
      if (round % 7 == 0)
        for (auto left = random() % 12; left > 0; --left)
          channel[ChannelField::kStreamUrl] += channel[ChannelField::kStreamUrl].substr(0, 1000);
      if (round % 50 == 0 && random() % 9 == 0)
        channel[ChannelField::kTvgLogo] = std::string(70'000, 'x');
    }
    pack(frame_of(channels).frame());
  }
}

TEST_F(PackedFrameTest, SoDoFramesThatPluginsMade) {
  std::mt19937 random(12);
  for (int round = 0; round < 100; ++round) {
    std::vector<Channel> channels(1 + random() % 40);
    for (Channel& channel : channels) channel = random_channel(random);
    const m3u::ChannelBatch batch = frame_of(channels);
    m3u::ChannelEditor editor(batch);  // what it sets follows what was there
    m3u::ChannelWriter writer;
    for (std::uint32_t row = 0; row < batch.rows(); ++row) {
      if (random() % 4 == 0) editor.drop(row);
      if (random() % 3 == 0)
        editor.set(static_cast<ChannelField>(random() % 9), row, editor.store("set"));
      writer.add(batch, batch.rows() - 1 - row);
      if (random() % 5 == 0)
        writer.set(ChannelField::kTvgName, writer.text(ChannelField::kGroupTitle));
    }
    pack(editor.build());
    pack(writer.build());
  }
}

TEST_F(PackedFrameTest, OrdinaryChannelsTakeLessThanHalf) {
  std::vector<Channel> channels(1000);
  for (std::size_t row = 0; row < channels.size(); ++row) {
    const std::string number = std::to_string(530'000 + row);
    Channel& channel = channels[row];
    channel[ChannelField::kChannelName] = "Channel " + number;
    channel[ChannelField::kTvgName] = channel[ChannelField::kChannelName];
    channel[ChannelField::kTvgId] = "ch" + number + ".ES";
    channel[ChannelField::kTvgLogo] = "https://logos.example.net/ES/" + number + ".png";
    channel[ChannelField::kGroupTitle] = row % 2 == 0 ? "ES | Movies" : "ES | Sports";
    channel[ChannelField::kStreamUrl] =
        "http://example.org:8080/live/user/secret/" + number + ".ts";
    channel[ChannelField::kDuration] = "-1";
    channel.attributes = {{"tvg-country", "ES"}, {"radio", "false"}};
  }
  const m3u::ChannelBatch batch = frame_of(channels);
  EXPECT_LT(pack(batch.frame()), batch.frame().size() / 3);
}

TEST_F(PackedFrameTest, AFrameWithoutRowsComesBackToo) { pack(frame_of({}).frame()); }

}  // namespace
}  // namespace m3u_proxy::sdk
