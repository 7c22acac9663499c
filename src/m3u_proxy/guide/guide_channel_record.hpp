// GuideChannelRecord: a guide's own channel as rules see it before it is matched, and the channel
// they leave behind.
//
// display_name and icon are the first elements of their kind; setting one puts one element in the
// place of all of them.
#pragma once

#include <array>
#include <memory_resource>
#include <string>
#include <string_view>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe; begin() moves it to another channel. Throws memory::OverBudget.
class GuideChannelRecord final : public rules::Record {
 public:
  explicit GuideChannelRecord(memory::SlabPool& slabs)
      : memory_(slabs.budget(), memory::Tag::kBatch),
        arena_(slabs, memory::Tag::kBatch),
        scratch_(&memory_) {}

  /// The channel `id` of `source` with its `<channel>`, "" where that is not known yet. All must
  /// stay valid until the next begin().
  void begin(std::string_view id, std::string_view element, const EpgSource& source);

  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override;
  void set(const catalog::FieldRef& field, std::string_view value) override;

  [[nodiscard]] std::string_view value(catalog::GuideChannelField field) const;
  [[nodiscard]] bool is_changed(catalog::GuideChannelField field) const;
  /// Appends the `<channel>` with its names and icons as they are now, under the id it had.
  void append_element(std::pmr::string& out) const;

 private:
  struct Value {
    std::string_view text;
    bool known = false;
    bool changed = false;
  };
  [[nodiscard]] std::string_view read(catalog::GuideChannelField field) const;

  // Fields are read when they are first asked for.
  memory::BudgetResource memory_;
  mutable memory::Arena arena_;
  mutable std::array<Value, catalog::kGuideChannelFieldCount> values_{};
  mutable std::pmr::string scratch_;
  std::string_view element_;
  std::size_t tag_size_ = 0;
  bool self_closing_ = false;
  std::string_view content_;
};

}  // namespace m3u_proxy::guide
