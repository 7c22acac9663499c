// Edit JSON: how the API writes edits of channels, and reads them by the configuration file's keys.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/store/channel_edits.hpp>

namespace m3u_proxy::api {

/// What an object says of a channel: the keys of [[edits]] but channel and proxy; before and after
/// are within `place`. `prefix` is what problems call the object: "set.". Problem: 422 with
/// every mistake.
Outcome<edits::ChannelEdit> read_edit(const ConfigNode& object, const Uuid& channel,
                                      const std::string& prefix = {});

void write_edit(Json& json, const store::ChannelEdit& edit);
/// "" for none.
std::string edit_json(const std::optional<store::ChannelEdit>& edit);

}  // namespace m3u_proxy::api
