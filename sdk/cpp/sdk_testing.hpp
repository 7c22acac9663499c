// Channels as plain values, to hold what the SDK reads and writes against the host's own frames.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sdk/cpp/m3u_plugin.hpp>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>

namespace m3u_proxy::sdk {

struct Channel {
  std::array<std::string, catalog::ChannelBatch::kTextColumns> columns{};
  std::uint16_t source = 0;
  catalog::MediaType media_type = catalog::MediaType::kLive;
  Uuid id{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  std::vector<std::string> directives{};

  bool operator==(const Channel&) const = default;
  std::string& operator[](m3u::ChannelField field) {
    return columns[static_cast<std::size_t>(field)];
  }
};

inline void PrintTo(const Channel& channel, std::ostream* out) {
  for (const std::string& value : channel.columns) *out << value << '|';
  *out << channel.source << '|' << static_cast<int>(channel.media_type);
  for (const auto& [key, value] : channel.attributes) *out << '|' << key << '=' << value;
  for (const std::string& line : channel.directives) *out << '|' << line;
}

class FrameTest : public testing::Test {
 protected:
  /// The host's frame of these channels, at a multiple of 16 as the host puts it.
  m3u::ChannelBatch frame_of(const std::vector<Channel>& channels) {
    catalog::ChannelBatch batch(slabs_);
    for (const Channel& channel : channels) add(channel, batch);
    const catalog::FrameBytes bytes = builder_.build(batch);
    m3u::Array<char> copy;
    copy.reserve(bytes.size());
    copy.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    frames_.push_back(std::move(copy));
    return {frames_.back().data(), frames_.back().size()};
  }

  /// What the host reads; a frame that it does not accept is a failure.
  std::vector<Channel> channels_in(const void* data, std::size_t size) {
    const catalog::FrameBytes bytes(static_cast<const std::uint8_t*>(data), size);
    const auto verified = catalog::verify_frame(bytes);
    if (!verified) {
      ADD_FAILURE() << verified.error().message;
      return {};
    }
    catalog::ChannelBatch batch(slabs_);
    catalog::load_frame(bytes, batch);
    std::vector<Channel> channels;
    for (std::size_t row = 0; row < batch.rows(); ++row) channels.push_back(channel_at(batch, row));
    return channels;
  }
  /// The same of a block that the SDK made, which is freed.
  std::vector<Channel> take(m3u::detail::Block block) {
    std::vector<Channel> channels = channels_in(block.data, block.size);
    m3u::detail::deallocate(block.data);
    return channels;
  }

 private:
  static void add(const Channel& channel, catalog::ChannelBatch& batch) {
    const std::size_t row = batch.add_row(channel.source);
    for (std::size_t i = 0; i < channel.columns.size(); ++i)
      batch.column(i)[row] = channel.columns[i];
    batch.set_media_type(row, channel.media_type);
    if (channel.id != Uuid{}) batch.set_id(row, channel.id);
    for (const auto& [key, value] : channel.attributes)
      batch.push_attribute({.key = key, .value = value});
    for (const std::string& line : channel.directives) batch.push_directive(line);
  }
  static Channel channel_at(const catalog::ChannelBatch& batch, std::size_t row) {
    Channel channel{
        .source = batch.source(row), .media_type = batch.media_type(row), .id = batch.id(row)};
    for (std::size_t i = 0; i < channel.columns.size(); ++i)
      channel.columns[i] = batch.column(i)[row];
    for (const catalog::Attribute& attribute : batch.attributes(row))
      channel.attributes.emplace_back(attribute.key, attribute.value);
    for (const std::string_view line : batch.directives(row)) channel.directives.emplace_back(line);
    return channel;
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  catalog::FrameBuilder builder_{budget_};
  std::vector<m3u::Array<char>> frames_;
};

/// Three channels that between them have all that a channel can have.
inline std::vector<Channel> three_channels() {
  Channel news{.source = 1, .attributes = {{"radio", "true"}, {"catchup-days", "7"}}};
  news[m3u::ChannelField::kChannelName] = "News";
  news[m3u::ChannelField::kTvgId] = "news.tv";
  news[m3u::ChannelField::kStreamUrl] = "http://host/1";
  news[m3u::ChannelField::kDuration] = "-1";
  news.id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  Channel film{.source = 2,
               .media_type = catalog::MediaType::kMovie,
               .directives = {"#EXTVLCOPT:http-user-agent=x", "#KODIPROP:a=b"}};
  film[m3u::ChannelField::kChannelName] = "Füm \xf0\x9f\x8e\xac";
  film[m3u::ChannelField::kGroupTitle] = "Films";
  film[m3u::ChannelField::kTvgLogo] = "http://logo/a-long-address-of-more-than-sixteen-bytes.png";
  film[m3u::ChannelField::kStreamUrl] = "http://host/movie/2";
  film.id.bytes = {9};
  Channel sport{.source = 1, .attributes = {{"x", "1"}}, .directives = {"#EXTHTTP:{}"}};
  sport[m3u::ChannelField::kChannelName] = "Sport 1";
  sport[m3u::ChannelField::kTvgChno] = "5.1";
  sport[m3u::ChannelField::kStreamUrl] = "http://host/3";
  sport.id.bytes = {7};
  return {news, film, sport};
}

/// Random texts of 0 to 80 bytes, some beyond ASCII.
inline std::string random_text(std::mt19937& random) {
  std::string result;
  for (auto left = random() % 80; left > 0; --left)
    result += random() % 16 == 0 ? std::string("ü")
                                 : std::string(1, static_cast<char>('a' + random() % 26));
  return result;
}

inline Channel random_channel(std::mt19937& random) {
  Channel channel{.source = static_cast<std::uint16_t>(random() % 9),
                  .media_type = static_cast<catalog::MediaType>(random() % 3)};
  for (std::string& value : channel.columns)
    if (random() % 3 != 0) value = random_text(random);
  channel.id.bytes[3] = static_cast<std::uint8_t>(random() | 1U);
  for (auto left = random() % 4; left > 0; --left)
    channel.attributes.emplace_back("key" + std::to_string(left), random_text(random));
  for (auto left = random() % 3; left > 0; --left)
    channel.directives.push_back(random_text(random));
  return channel;
}

}  // namespace m3u_proxy::sdk
