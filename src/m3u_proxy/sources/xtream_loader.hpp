// Xtream loader: asks an account for what is wanted of it, one request after the other.
//
// First for the account itself, whose answer tells whether it may be used at all, then for the
// lists, then for the episodes of some series: those that changed last and whose episodes are not
// kept yet. Of a series that does not say when it changed they are asked for again after a week.
// The answers are stored; make_xtream_playlist() reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/sources/source_cache.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::sources {

/// How the loader reaches the provider and the disk. Requests wait for their turn by themselves.
struct XtreamAccess {
  std::string source{};  ///< its name, for the log
  memory::Budget* budget = nullptr;
  /// Downloads, or takes the last good copy.
  std::function<Result<std::shared_ptr<const StoredSource>>(const std::string& url)> get{};
  /// Only downloads.
  std::function<Result<std::shared_ptr<io::TempFile>>(const std::string& url)> fetch{};
  /// Told how many series were asked for their episodes, and of how many in this run; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t all)> on_series{};
  const SourceCache* cache = nullptr;  ///< where episodes are kept; nullptr: nowhere
  std::int64_t now = 0;                ///< seconds since 1970
};

/// Loads what `account` wants. info().account says how the account is.
/// Errors: those of downloads; kNetwork when the provider refuses the account (auth 0, banned,
/// expired); kParse when it answers with something else; kOverBudget.
Result<std::shared_ptr<const StoredSource>> load_xtream(const XtreamAccount& account,
                                                        const XtreamAccess& access);

}  // namespace m3u_proxy::sources
