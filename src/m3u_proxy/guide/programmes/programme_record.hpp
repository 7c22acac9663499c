// ProgrammeRecord: a programme as expressions see it, and the programme they leave behind.
//
// A field is the first element of its name (conditions on the category look at any); setting it
// puts one element in the place of all of that name. Elements that no rule touches stay byte for
// byte.
#pragma once

#include <array>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::guide {

/// Appends `content`, what is in an element, with all children called `name` replaced by one
/// with `value` (of an icon its address), or by none when that is "". A new one is where
/// xmltv.dtd wants it in a programme.
void append_replaced(std::pmr::string& out, std::string_view content, std::string_view name,
                     std::string_view value);

/// Not thread-safe; begin() moves it to another programme. Throws memory::OverBudget.
class ProgrammeRecord final : public rules::Record {
 public:
  explicit ProgrammeRecord(memory::SlabPool& slabs)
      : memory_(slabs.budget(), memory::Tag::kBatch),
        arena_(slabs, memory::Tag::kBatch),
        scratch_(&memory_) {}

  /// The programme `element` (checked, with this start tag) under the channel id `id`; `start` and
  /// `stop` as they will be written. All must stay valid until the next begin().
  void begin(std::string_view element, const formats::XmltvStartTag& tag, std::string_view id,
             std::string_view start, std::string_view stop, const EpgSource& source);

  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override;
  [[nodiscard]] std::optional<std::string_view> further(const catalog::FieldRef& field,
                                                        std::size_t nth) const override;
  void set(const catalog::FieldRef& field, std::string_view value) override;

  /// The value if it was set; nullopt when it is as it was.
  [[nodiscard]] std::optional<std::string_view> changed(catalog::ProgrammeField field) const;
  /// Appends what is between the programme's tags, with the changes.
  void append_content(std::pmr::string& out) const;
  /// Whether append_content() gives anything else than what was there.
  [[nodiscard]] bool content_changed() const;

 private:
  struct Value {
    std::string_view text;
    bool known = false;
    bool changed = false;
  };
  [[nodiscard]] std::string_view read(catalog::ProgrammeField field) const;
  [[nodiscard]] std::string_view season() const;
  [[nodiscard]] std::string_view keep_plain(std::string_view raw) const;

  // Fields are read when they are first asked for.
  memory::BudgetResource memory_;
  mutable memory::Arena arena_;
  mutable std::array<Value, catalog::kProgrammeFieldCount> values_{};
  mutable std::pmr::string scratch_;
  std::string_view content_;
};

}  // namespace m3u_proxy::guide
