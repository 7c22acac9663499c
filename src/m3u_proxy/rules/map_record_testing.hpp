// MapRecord: a record of its own, for tests and fuzzing.
#pragma once

#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::rules {

class MapRecord final : public Record {
 public:
  /// `values`: pairs of a field's name, as expressions spell it, and its value. A name that the
  /// domain does not know is left out; what is named again has several values.
  explicit MapRecord(
      catalog::Domain domain,
      std::initializer_list<std::pair<std::string_view, std::string_view>> values = {})
      : domain_(domain) {
    for (const auto& [name, value] : values)
      if (const auto field = catalog::find_field(domain, name)) add(*field, value);
  }

  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override {
    const auto found = values_.find(catalog::field_name(domain_, field));
    return found == values_.end() ? std::string_view() : found->second;
  }
  [[nodiscard]] std::optional<std::string_view> further(const catalog::FieldRef& field,
                                                        std::size_t nth) const override {
    const auto found = further_.find(catalog::field_name(domain_, field));
    if (found == further_.end() || nth == 0 || nth > found->second.size()) return std::nullopt;
    return found->second[nth - 1];
  }
  void set(const catalog::FieldRef& field, std::string_view value) override {
    further_.erase(catalog::field_name(domain_, field));
    // Old values stay where they are: their views must outlive the change.
    values_[catalog::field_name(domain_, field)] = storage_.emplace_back(value);
    ++writes_;
  }

  /// The value of the field of that name.
  [[nodiscard]] std::string_view operator[](std::string_view name) const {
    const auto field = catalog::find_field(domain_, name);
    return field ? get(*field) : std::string_view();
  }
  /// How often set() was called.
  [[nodiscard]] std::size_t writes() const { return writes_; }
  /// All values that were ever set, by the field's own name.
  [[nodiscard]] const std::map<std::string, std::string_view, std::less<>>& values() const {
    return values_;
  }

 private:
  void add(const catalog::FieldRef& field, std::string_view value) {
    const std::string name = catalog::field_name(domain_, field);
    if (values_.contains(name))
      further_[name].push_back(storage_.emplace_back(value));
    else
      set(field, value);
  }

  catalog::Domain domain_;
  std::map<std::string, std::string_view, std::less<>> values_;
  std::map<std::string, std::vector<std::string_view>, std::less<>> further_;
  std::deque<std::string> storage_;
  std::size_t writes_ = 0;
};

}  // namespace m3u_proxy::rules
