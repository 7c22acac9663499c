// Record: one channel or programme as expressions see it, whatever stores it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <m3u_proxy/catalog/fields.hpp>

namespace m3u_proxy::rules {

class Record {
 public:
  Record() = default;
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  virtual ~Record() = default;

  /// The field's value, "" when it is missing. The view stays valid until the record's batch is
  /// dropped, also when the field is set afterwards.
  [[nodiscard]] virtual std::string_view get(const catalog::FieldRef& field) const = 0;
  /// Value `nth` of a field that has several, of which get() gives the first, 0; nullopt beyond the
  /// last. Valid as long as that.
  [[nodiscard]] virtual std::optional<std::string_view> further(const catalog::FieldRef& field,
                                                                std::size_t nth) const {
    (void)field;
    (void)nth;
    return std::nullopt;
  }
  /// Sets a writable field; `value` is copied. "" clears it (an attribute is removed). Where
  /// there were several values there is one.
  virtual void set(const catalog::FieldRef& field, std::string_view value) = 0;
};

}  // namespace m3u_proxy::rules
