#include <algorithm>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/sources/json_records.hpp>
#include <m3u_proxy/sources/xtream_categories.hpp>
#include <m3u_proxy/sources/xtream_record.hpp>

namespace m3u_proxy::sources {

Result<> XtreamCategories::read(io::ByteSource& source, ProblemLog& problems) {
  M3U_TRY(JsonRecords records, JsonRecords::create(source, *budget_));
  XtreamRecordReader reader;
  while (true) {
    M3U_TRY(const auto json, records.next(problems));
    if (!json) return {};
    const XtreamRecord* const record = reader.read(*json, problems);
    if (record == nullptr) {
      problems.add("json_broken", 0, 0, *json);
      records.resume_inside();
      continue;
    }
    if (record->categories.empty()) continue;
    names_.insert_or_assign(std::pmr::string(record->categories.front(), &memory_),
                            std::pmr::string(record->category_name, &memory_));
  }
}

std::string_view XtreamCategories::name_of(std::string_view id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

bool XtreamCategories::includes(const std::vector<std::string_view>& ids,
                                const std::vector<std::string>& wanted) const {
  if (wanted.empty()) return true;
  return std::ranges::any_of(ids, [&](std::string_view id) {
    const std::string_view name = name_of(id);
    return std::ranges::any_of(wanted, [&](const std::string& one) {
      return one == id || (!name.empty() && equals_folded(name, one));
    });
  });
}

void XtreamCategories::join(const std::vector<std::string_view>& ids, std::string& out) const {
  out.clear();
  for (const std::string_view id : ids) {
    const std::string_view name = name_of(id);
    if (name.empty()) continue;
    if (!out.empty()) out += ';';
    out += name;
  }
}

}  // namespace m3u_proxy::sources
