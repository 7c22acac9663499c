#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/queries/channel_query.hpp>
#include <m3u_proxy/queries/lineup_record.hpp>

namespace m3u_proxy::queries {

using catalog::ChannelField;

std::optional<ChannelSort> sort_of(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {"",      "number", "name",
                                                      "group", "source", "guide_id"};
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ChannelSort>(found - kNames.begin());
}

bool ChannelQuery::is_all() const {
  return search.empty() && filter.empty() && !group && guide == GuideChoice::kAny && !edits;
}

std::string ChannelQuery::selection() const {
  std::uint64_t ids = 0;
  if (edits) ids = XXH3_64bits(edits->data(), edits->size() * sizeof(Uuid));
  return fmt::format("{}:{}{}:{}{}:{}{}{}{}{:x}", search.size(), search, filter.size(), filter,
                     group ? group->size() : 0, group.value_or(""), group ? 'g' : '-',
                     static_cast<int>(guide),
                     !edits   ? '-'
                     : edited ? 'e'
                              : 'o',
                     ids);
}

std::expected<std::shared_ptr<const ChannelMatcher>, rules::Diagnostics> ChannelMatcher::compile(
    const ChannelQuery& query, std::shared_ptr<const snapshots::GuideKeys> guide,
    const rules::Environment& environment) {
  std::shared_ptr<ChannelMatcher> matcher(new ChannelMatcher(query));
  matcher->folded_ = folded(query.search);
  matcher->guide_ = std::move(guide);
  if (!query.filter.empty()) {
    auto filter = rules::compile_filter(catalog::Domain::kChannels, query.filter, environment);
    if (!filter) return std::unexpected(std::move(filter).error());
    matcher->filter_ = *std::move(filter);
  }
  return matcher;
}

bool ChannelMatcher::needs_frame() const {
  return filter_ || query_.group || query_.guide != GuideChoice::kAny || query_.edits;
}

/// Puts the rows whose names have the text among the candidates; false: there are none.
Result<bool> ChannelMatcher::find_names(const snapshots::Lineup& lineup, std::size_t piece,
                                        Workspace& work) const {
  M3U_TRY(const std::string_view names, lineup.names(piece, work.names));
  std::uint32_t row = 0;
  std::size_t counted = 0;  // up to here the line ends are in `row`
  std::size_t at = 0;
  while (true) {
    const std::size_t found = find_bytes(names.substr(at), folded_);
    if (found == std::string_view::npos) break;
    const std::size_t place = at + found;
    row += static_cast<std::uint32_t>(
        std::ranges::count(names.substr(counted, place - counted), '\n'));
    counted = place;
    if (row >= lineup.piece(piece).rows) break;
    work.candidates.push_back(row);
    at = names.find('\n', place);
    if (at == std::string_view::npos) break;
  }
  return !work.candidates.empty();
}

bool ChannelMatcher::is_wanted(const catalog::FrameView& frame, std::size_t row) const {
  if (query_.group && frame.text(ChannelField::kGroupTitle, row) != *query_.group) return false;
  if (query_.guide != GuideChoice::kAny) {
    const std::string_view id = frame.text(ChannelField::kTvgId, row);
    const bool has =
        guide_ && !id.empty() && std::ranges::binary_search(guide_->keys, snapshots::guide_key(id));
    if (has != (query_.guide == GuideChoice::kWith)) return false;
  }
  return !query_.edits || std::ranges::binary_search(*query_.edits, frame.id(row)) == query_.edited;
}

Result<> ChannelMatcher::match(const snapshots::Lineup& lineup, std::size_t piece, Workspace& work,
                               std::vector<std::uint32_t>& rows) const {
  const snapshots::Lineup::Piece place = lineup.piece(piece);
  const auto first = static_cast<std::uint32_t>(place.first);
  work.candidates.clear();
  if (folded_.contains('\n')) return {};  // no name has one
  if (!folded_.empty()) {
    M3U_TRY(const bool any, find_names(lineup, piece, work));
    if (!any) return {};
  } else {
    for (std::uint32_t row = 0; row < place.rows; ++row) work.candidates.push_back(row);
  }
  if (!needs_frame()) {
    for (const std::uint32_t row : work.candidates) rows.push_back(first + row);
    return {};
  }
  M3U_CHECK(lineup.view(piece, work.frames, work.frame));
  LineupRecord record(work.frame, lineup.sources());
  for (const std::uint32_t row : work.candidates) {
    if (!is_wanted(work.frame, row)) continue;
    record.select(row);
    if (filter_ && !filter_->matches(record, work.scratch)) continue;
    rows.push_back(first + row);
  }
  return {};
}

}  // namespace m3u_proxy::queries
