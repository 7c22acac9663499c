// Record: one channel or programme as expressions see it, whatever stores it.
#pragma once

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
  /// Sets a writable field; `value` is copied. "" clears it (an attribute is removed).
  virtual void set(const catalog::FieldRef& field, std::string_view value) = 0;
};

}  // namespace m3u_proxy::rules
