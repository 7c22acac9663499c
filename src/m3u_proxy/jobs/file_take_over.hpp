// File take-over: the lists and edits of a configuration file become what the file manages in a
// store: at a start, at a reload, and in what a restore would make.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// The lists of a file as entities; relative paths start from its folder. Errors: kParse, kConfig.
Result<std::vector<store::FileEntity>> entities_of(const config::ConfigDocument& file);

struct FileTakeOver {
  store::TakeOver entities{};
  std::optional<std::size_t> edits{};  ///< how many are the file's, where that is another now
};

/// Makes what the file manages exactly what it says. `said` is what was read of it; edits for
/// proxies that are not there are left out. Errors: those of entities_of() and of
/// take_over_file() of store::Entities and store::ChannelEdits; where people made other edits
/// nothing is changed, either.
Result<FileTakeOver> take_over_file(store::Store& store, const config::ConfigDocument& file,
                                    const config::Configuration& said, store::Time now);

}  // namespace m3u_proxy::jobs
