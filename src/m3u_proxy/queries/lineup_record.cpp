#include <m3u_proxy/channels/channel_value.hpp>
#include <m3u_proxy/queries/lineup_record.hpp>

namespace m3u_proxy::queries {

std::string_view LineupRecord::get(const catalog::FieldRef& field) const {
  return channels::channel_value(*frame_, row_, sources_, field);
}

}  // namespace m3u_proxy::queries
