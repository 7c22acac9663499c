// Edits of channels, applied: what people changed of single channels, after the rules and before
// the filters. A hidden channel goes here, so that no filter can bring it back.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>

namespace m3u_proxy::channels {

/// Thread-safe on different items.
class EditChannels {
 public:
  /// `edits` lives longer; nullptr: there are none.
  explicit EditChannels(const edits::ChannelEdits* edits) : edits_(edits) {}

  /// The item's channels need their ids. Errors: as edits::ChannelEdits::find().
  Result<> process(ChannelItem& item);

  /// Channels that an edit changed or hid so far, and those that it hid.
  [[nodiscard]] std::uint64_t edited() const { return edited_; }
  [[nodiscard]] std::uint64_t hidden() const { return hidden_; }

 private:
  const edits::ChannelEdits* edits_;
  std::atomic<std::uint64_t> edited_{0};
  std::atomic<std::uint64_t> hidden_{0};
};

/// Sets what an edit sets of a channel.
void apply_edit(const edits::ChannelEdit& edit, catalog::ChannelBatch& batch, std::size_t row);

/// The number that a person gave a channel; "": nobody did. On its way from the edit to the
/// numbering it rides along as an attribute, as touched.hpp describes.
std::string_view given_number(const catalog::ChannelBatch& batch, std::size_t row);
/// Takes those attributes off, before the channels are written.
void take_off_given_numbers(catalog::ChannelBatch& batch);

/// Why a channel cannot become what an edit says.
struct EditMistake {
  std::string_view field;  ///< a key of [[edits]]
  Error error;             ///< kInvalidArgument, naming the field
};
/// The first one; nullopt: there is none.
std::optional<EditMistake> mistake_in(const edits::ChannelEdit& edit);

}  // namespace m3u_proxy::channels
