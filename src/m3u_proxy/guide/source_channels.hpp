// SourceChannels: the guides' own `<channel>` elements, checked, that belong to an output, until
// the guide's head is written.
//
// They come in the guides' order and are wanted in that of the outputs; a sorter brings them
// there, in memory or on disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/spill/blob_sorter.hpp>

namespace m3u_proxy::guide {

class SourceChannels {
 public:
  explicit SourceChannels(const pipeline::RunContext& context)
      : context_(&context), memory_(*context.budget, memory::Tag::kGuide), found_(&memory_) {}

  /// Errors: kOverBudget, kDiskFull, kIo, as of the others.
  Result<> add(std::uint32_t output, std::uint16_t source, std::string_view element);
  /// Brings them into output order, to be asked for from the first; more may be added afterwards.
  Result<> finish();
  /// The element of `output`, asked for in rising order: of the source that provides its
  /// programmes, else of the first that has it; "" when none has. Where a source declares it more
  /// than once, the first one has the names of all, up to 64 KB. Valid until the next call.
  Result<std::string_view> find(std::uint32_t output, std::uint16_t provider);
  /// Elements added so far.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  /// What was added before one finish(), and where reading it is.
  void join(std::string_view element);

  struct Part {
    explicit Part(const pipeline::RunContext& context);
    Result<> next();

    spill::BlobSorter sorter;
    bool sorted = false;
    bool more = false;
    std::uint64_t output_and_source = 0;
    std::string_view element;
  };

  const pipeline::RunContext* context_;
  std::vector<std::unique_ptr<Part>> parts_;  // one or two
  memory::BudgetResource memory_;
  std::pmr::string found_;
  std::uint64_t size_ = 0;
};

}  // namespace m3u_proxy::guide
