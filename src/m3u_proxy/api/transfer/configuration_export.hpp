// Configuration export: what people configured, as the text of a configuration file.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

enum class ShowSecrets : std::uint8_t {
  kNo,   ///< `***` in their place, and a comment that says so
  kYes,  ///< readers of the text see them
};

/// Writes sources, EPG sources, filters, rules, proxies and edits, with their ids, so that channels
/// keep theirs. Equal stores give equal bytes. One edit is in memory at a time. `program`: this
/// program's version. Errors: of the store and of `to`.
Result<> export_configuration(store::Store& store, ShowSecrets secrets, const std::string& program,
                              io::ByteSink& to);

}  // namespace m3u_proxy::api
