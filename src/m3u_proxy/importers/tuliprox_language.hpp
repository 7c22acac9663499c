// tuliprox's languages: templates, filters and the scripts of its mappings, as expressions of ours.
//
// Written from its documentation and grammar (3.x). `AND` and `OR` have the same strength there and
// are read from the right: `a AND b OR c` is `a AND (b OR c)`. Pure; not thread-safe (Templates is
// filled once).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::importers {

class Templates {
 public:
  /// Adds those of a `templates` list: name and value, which may be a list of texts.
  void add(const ConfigNode& table);
  /// The text with every !name! replaced, up to 64 KB. Error: kConfig for one that is not known,
  /// and for those that name each other in a circle.
  [[nodiscard]] Result<std::string> expanded(std::string_view text) const;
  /// Each of `texts` expanded; one that is a template with a list gives all of that.
  [[nodiscard]] Result<std::vector<std::string>> expanded_list(
      const std::vector<ConfigNode>& texts) const;

 private:
  Result<> expand(std::string_view text, int depth, std::string& out) const;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// A field's name of ours; "" when there is none. Without regard to case and to a leading `@`.
std::string_view tuliprox_field(std::string_view name);

/// A filter as a condition. Error: kConfig, with what cannot be said here.
Result<std::string> tuliprox_filter(std::string_view filter, const Templates& templates);
/// Whether a condition is true for everything, such as `channel_name matches ".*"`.
bool is_always_true(std::string_view condition);

/// A mapper's script, which is run where `condition` is true ("": everywhere), as a rule:
/// assignments of texts, fields, concat() and captures. Error: kConfig, with the statement that is
/// none of these.
Result<std::string> tuliprox_script(std::string_view script, std::string_view condition,
                                    const Templates& templates);

}  // namespace m3u_proxy::importers
