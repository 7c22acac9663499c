#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/catalog/programme_frame_generated.h>

namespace m3u_proxy::catalog {
namespace {

/// Gives the builder memory from where the frame is to be kept.
class VectorAllocator final : public flatbuffers::Allocator {
 public:
  explicit VectorAllocator(std::pmr::memory_resource* memory) : memory_(memory) {}
  std::uint8_t* allocate(std::size_t size) override {
    return static_cast<std::uint8_t*>(memory_->allocate(size, alignof(std::max_align_t)));
  }
  void deallocate(std::uint8_t* p, std::size_t size) override {
    memory_->deallocate(p, size, alignof(std::max_align_t));
  }

 private:
  std::pmr::memory_resource* memory_;
};

std::string_view text_of(const frame::ProgrammeBatch& root) {
  return {reinterpret_cast<const char*>(root.text()->data()), root.text()->size()};
}

const char* fault_of(const frame::ProgrammeBatch& root) {
  const std::size_t rows = root.rows();
  if (root.text() == nullptr) return "the text is missing";
  const std::string_view text = text_of(root);
  if (root.columns() == nullptr || root.columns()->size() != ProgrammeRow::kColumns)
    return "the number of columns is wrong";
  if (root.origin() == nullptr || root.origin()->size() != rows) return "the origins are missing";
  if (root.source() == nullptr || root.source()->size() != rows) return "the sources are missing";
  for (const frame::ProgrammeColumn* column : *root.columns()) {
    if (column == nullptr || column->offsets() == nullptr) return "a column is missing";
    if (column->offsets()->size() != rows + 1) return "a column has the wrong number of offsets";
    const std::uint32_t* const offsets = column->offsets()->data();
    for (std::size_t i = 0; i < rows; ++i)
      if (offsets[i] > offsets[i + 1]) return "a column's offsets fall";
    if (offsets[rows] > text.size()) return "a column reaches beyond the text";
    for (std::size_t i = 0; i < rows; ++i)
      if (!is_valid_utf8(text.substr(offsets[i], offsets[i + 1] - offsets[i])))
        return "a value is not valid UTF-8";
  }
  return nullptr;
}

}  // namespace

void build_programme_frame(std::span<const ProgrammeRow> rows,
                           std::pmr::vector<std::uint8_t>& out) {
  std::size_t text_size = 0;
  for (const ProgrammeRow& row : rows)
    for (const std::string_view value : row.columns) text_size += value.size();
  constexpr std::size_t kMaxText = std::size_t{1} << 30U;
  if (text_size > kMaxText)
    throw memory::OverBudget({.code = ErrorCode::kOverBudget,
                              .message = "a batch of programmes holds more than 1 GB of text"});
  VectorAllocator allocator(out.get_allocator().resource());
  flatbuffers::FlatBufferBuilder builder(
      text_size + rows.size() * (ProgrammeRow::kColumns + 2) * sizeof(std::uint32_t) + 1024,
      &allocator);
  std::uint8_t* text = nullptr;
  const auto text_vector = builder.CreateUninitializedVector(text_size, &text);
  std::uint8_t* end = text;
  for (std::size_t c = 0; c < ProgrammeRow::kColumns; ++c)
    for (const ProgrammeRow& row : rows) {
      const std::string_view value = row.columns[c];
      if (!value.empty()) std::memcpy(end, value.data(), value.size());
      end += value.size();
    }
  std::uint32_t position = 0;
  std::array<flatbuffers::Offset<frame::ProgrammeColumn>, ProgrammeRow::kColumns> columns;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::uint32_t* offsets = nullptr;
    const auto vector = builder.CreateUninitializedVector(rows.size() + 1, &offsets);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      offsets[i] = position;
      position += static_cast<std::uint32_t>(rows[i].columns[c].size());
    }
    offsets[rows.size()] = position;
    columns[c] = frame::CreateProgrammeColumn(builder, vector);
  }
  const auto column_vector = builder.CreateVector(columns.data(), columns.size());
  std::uint32_t* origins = nullptr;
  const auto origin_vector = builder.CreateUninitializedVector(rows.size(), &origins);
  for (std::size_t i = 0; i < rows.size(); ++i) origins[i] = rows[i].origin;
  std::uint16_t* sources = nullptr;
  const auto source_vector = builder.CreateUninitializedVector(rows.size(), &sources);
  for (std::size_t i = 0; i < rows.size(); ++i) sources[i] = rows[i].source;
  builder.Finish(frame::CreateProgrammeBatch(builder, static_cast<std::uint32_t>(rows.size()),
                                             column_vector, origin_vector, source_vector,
                                             text_vector));
  out.assign(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

Result<> verify_programme_frame(FrameBytes bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  const char* const fault = frame::VerifyProgrammeBatchBuffer(verifier)
                                ? fault_of(*frame::GetProgrammeBatch(bytes.data()))
                                : "its structure is damaged";
  if (fault == nullptr) return {};
  return fail(ErrorCode::kParse, fault);
}

void load_programme_frame(FrameBytes bytes, std::pmr::vector<ProgrammeRow>& rows) {
  const frame::ProgrammeBatch& root = *frame::GetProgrammeBatch(bytes.data());
  const std::string_view text = text_of(root);
  rows.resize(root.rows());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto index = static_cast<flatbuffers::uoffset_t>(i);
    for (std::uint32_t c = 0; c < ProgrammeRow::kColumns; ++c) {
      const std::uint32_t* const offsets = root.columns()->Get(c)->offsets()->data();
      rows[i].columns[c] = text.substr(offsets[i], offsets[i + 1] - offsets[i]);
    }
    rows[i].origin = root.origin()->Get(index);
    rows[i].source = root.source()->Get(index);
  }
}

}  // namespace m3u_proxy::catalog
