#include <algorithm>
#include <bit>
#include <cstring>

#include <m3u_proxy/base/copy_text.hpp>
#include <m3u_proxy/catalog/batch_packer.hpp>

namespace m3u_proxy::catalog {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kMostShared = 255;    // a byte says how many
constexpr std::uint8_t kLong = 255;         // the size of the rest follows in four bytes
constexpr std::size_t kBlock = 16;          // bytes that are copied at a time
constexpr std::size_t kSlack = 2 * kBlock;  // that may be read behind what is packed

/// How numbers are kept: once, or each in so many bytes.
enum class Width : std::uint8_t { kSame, kOne, kTwo, kFour };

struct Head {
  std::uint32_t rows;
  std::uint32_t attributes;
  std::uint32_t directives;
  std::uint32_t joined;  // bytes of the texts that unpack() has to put together
};

template <typename T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// How many of the first `most` bytes are the same.
std::size_t common_prefix(const char* a, const char* b, std::size_t most) {
  std::size_t i = 0;
  for (; i + 8 <= most; i += 8)
    if (const std::uint64_t differ = load<std::uint64_t>(a + i) ^ load<std::uint64_t>(b + i);
        differ != 0)
      return i + static_cast<std::size_t>(std::countr_zero(differ)) / 8;
  while (i < most && a[i] == b[i]) ++i;
  return i;
}

/// The texts of one field, or of one list of all rows.
using Texts = std::span<const std::string_view>;

/// What a text is compared with: that `distance` before it, or the one of `other` beside it.
struct Before {
  Texts other;
  std::size_t distance;

  [[nodiscard]] std::string_view of(Texts texts, std::size_t i) const {
    if (distance == 0) return other[i];
    return i < distance ? std::string_view() : texts[i - distance];
  }
};

/// A key is mostly that of the row before.
std::size_t a_row(std::size_t entries, std::size_t rows) {
  return std::max<std::size_t>(1, rows == 0 ? 1 : (entries + rows / 2) / rows);
}

class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> room)
      : begin_(reinterpret_cast<char*>(room.data())),
        at_(begin_ + sizeof(Head)),
        limit_(begin_ + room.size()) {}

  void texts(Texts texts, const Before& before) {
    const bool same =
        std::ranges::all_of(texts, [&](std::string_view text) { return text == texts.front(); });
    if (texts.empty()) return;
    put(same);
    if (same) {
      put(static_cast<std::uint32_t>(texts.front().size()));
      put_text(texts.front());
      return;
    }
    auto* const shared = reinterpret_cast<std::uint8_t*>(at_);
    std::uint8_t* const rest = shared + texts.size();
    at_ += 2 * texts.size();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string_view text = texts[i];
      const std::string_view other = before.of(texts, i);
      const std::size_t common = common_prefix(text.data(), other.data(),
                                               std::min({text.size(), other.size(), kMostShared}));
      const std::size_t left = text.size() - common;
      shared[i] = static_cast<std::uint8_t>(common);
      rest[i] = static_cast<std::uint8_t>(std::min<std::size_t>(left, kLong));
      if (left >= kLong) put(static_cast<std::uint32_t>(left));
      put_text(text.substr(common));
      if (common != 0 && left != 0) joined_ += text.size();
    }
  }

  /// `count` numbers, in as many bytes each as the largest needs.
  template <typename Number>
  void numbers(std::size_t count, const Number& number) {
    if (count == 0) return;
    std::uint32_t all = 0;
    bool same = true;
    for (std::size_t i = 0; i < count; ++i) {
      all |= static_cast<std::uint32_t>(number(i));
      same &= number(i) == number(0);
    }
    if (same) {
      put(Width::kSame);
      put(static_cast<std::uint32_t>(number(0)));
    } else if (all <= UINT8_MAX) {
      put_numbers<std::uint8_t>(Width::kOne, count, number);
    } else if (all <= UINT16_MAX) {
      put_numbers<std::uint16_t>(Width::kTwo, count, number);
    } else {
      put_numbers<std::uint32_t>(Width::kFour, count, number);
    }
  }

  template <typename T>
  void put(const T& value) {
    std::memcpy(at_, &value, sizeof(value));
    at_ += sizeof(value);
  }
  /// The head comes first, but is known last.
  std::size_t finish(Head head) {
    head.joined = static_cast<std::uint32_t>(joined_);
    std::memcpy(begin_, &head, sizeof(head));
    std::memset(at_, 0, kSlack);
    return static_cast<std::size_t>(at_ - begin_) + kSlack;
  }

 private:
  void put_text(std::string_view text) { at_ = copy_text(at_, limit_, text); }
  template <typename T, typename Number>
  void put_numbers(Width width, std::size_t count, const Number& number) {
    put(width);
    for (std::size_t i = 0; i < count; ++i) put(static_cast<T>(number(i)));
  }

  char* begin_;
  char* at_;
  const char* limit_;
  std::size_t joined_ = 0;
};

class Reader {
 public:
  explicit Reader(const char* at) : at_(at) {}

  /// Where texts are put together, with kSlack bytes more than the head says.
  void join_at(char* joined) { joined_ = joined; }

  void texts(std::span<std::string_view> texts, const Before& before) {
    if (texts.empty()) return;
    if (take<bool>()) {
      const auto size = take<std::uint32_t>();
      std::ranges::fill(texts, take_text(size));
      return;
    }
    const auto* const shared = reinterpret_cast<const std::uint8_t*>(at_);
    const std::uint8_t* const rest = shared + texts.size();
    at_ += 2 * texts.size();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::size_t common = shared[i];
      const std::size_t left = rest[i] == kLong ? take<std::uint32_t>() : rest[i];
      if (common == 0) {
        texts[i] = take_text(left);
        continue;
      }
      const std::string_view other = before.of(texts, i);
      texts[i] = left == 0 ? other.substr(0, common) : join(other.data(), common, left);
    }
  }

  template <typename Take>
  void numbers(std::size_t count, const Take& number) {
    if (count == 0) return;
    switch (take<Width>()) {
      case Width::kSame:
        take_same(count, take<std::uint32_t>(), number);
        break;
      case Width::kOne:
        take_numbers<std::uint8_t>(count, number);
        break;
      case Width::kTwo:
        take_numbers<std::uint16_t>(count, number);
        break;
      case Width::kFour:
        take_numbers<std::uint32_t>(count, number);
        break;
    }
  }

  template <typename T>
  T take() {
    const T value = load<T>(at_);
    at_ += sizeof(T);
    return value;
  }

 private:
  std::string_view take_text(std::size_t size) {
    const std::string_view text(at_, size);
    at_ += size;
    return text;
  }
  /// Both are copied by whole blocks: what that writes too much is written again, or is the room
  /// behind the last text.
  std::string_view join(const char* other, std::size_t common, std::size_t left) {
    char* const text = joined_;
    copy_blocks(text, other, common);
    copy_blocks(text + common, at_, left);
    at_ += left;
    joined_ += common + left;
    return {text, common + left};
  }
  static void copy_blocks(char* to, const char* from, std::size_t size) {
    for (std::size_t i = 0; i < size; i += kBlock) {
      char block[kBlock];  // so that it is one load and one store
      std::memcpy(block, from + i, kBlock);
      std::memcpy(to + i, block, kBlock);
    }
  }
  template <typename Take>
  static void take_same(std::size_t count, std::uint32_t value, const Take& number) {
    for (std::size_t i = 0; i < count; ++i) number(i, value);
  }
  template <typename T, typename Take>
  void take_numbers(std::size_t count, const Take& number) {
    for (std::size_t i = 0; i < count; ++i) number(i, static_cast<std::uint32_t>(take<T>()));
  }

  const char* at_;
  char* joined_ = nullptr;
};

constexpr auto kName = static_cast<std::size_t>(ChannelField::kChannelName);
constexpr auto kTvgName = static_cast<std::size_t>(ChannelField::kTvgName);
static_assert(kName < kTvgName);

/// Most tvg-names are the channel's name.
Before before_of(std::size_t column, Texts names) {
  return column == kTvgName ? Before{.other = names, .distance = 0}
                            : Before{.other = {}, .distance = 1};
}

std::size_t bytes_of(Texts texts) {
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  return size;
}

}  // namespace

BatchPacker::BatchPacker(memory::Budget& budget)
    : resource_(budget, memory::Tag::kBatch),
      keys_(&resource_),
      values_(&resource_),
      directives_(&resource_),
      attribute_first_(&resource_),
      directive_first_(&resource_) {}

void BatchPacker::gather(const ChannelBatch& batch) {
  keys_.clear();
  values_.clear();
  directives_.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    for (const Attribute& attribute : batch.attributes(row)) {
      keys_.push_back(attribute.key);
      values_.push_back(attribute.value);
    }
    for (const std::string_view line : batch.directives(row)) directives_.push_back(line);
  }
}

/// Each text takes two bytes, or six where its rest is long; the rest is texts and numbers.
std::size_t BatchPacker::most_bytes(const ChannelBatch& batch) const {
  std::size_t texts = keys_.size() + values_.size() + directives_.size();
  std::size_t bytes = bytes_of(keys_) + bytes_of(values_) + bytes_of(directives_);
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i) {
    texts += batch.rows();
    bytes += bytes_of(batch.column(i));
  }
  require_batch_text(bytes);
  constexpr std::size_t kForms = 8 * (ChannelBatch::kTextColumns + 8);
  const std::size_t numbers = 4 * 4 * batch.rows() + sizeof(Uuid) * batch.rows();
  return sizeof(Head) + kForms + numbers + 2 * texts + bytes + bytes / kLong * 4 + kSlack;
}

std::span<const std::uint8_t> BatchPacker::pack(const ChannelBatch& batch,
                                                std::pmr::vector<std::uint8_t>& out) {
  const std::size_t rows = batch.rows();
  gather(batch);
  if (const std::size_t most = most_bytes(batch); out.size() < most) {
    out.clear();  // nothing to be moved
    out.resize(most);
  }
  Writer writer(out);
  writer.numbers(rows, [&](std::size_t row) { return batch.attributes(row).size(); });
  writer.numbers(rows, [&](std::size_t row) { return batch.directives(row).size(); });
  writer.numbers(rows, [&](std::size_t row) { return batch.source(row); });
  writer.numbers(rows, [&](std::size_t row) { return static_cast<int>(batch.media_type(row)); });
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    writer.texts(batch.column(i), before_of(i, batch.column(kName)));
  const Before before{.other = {}, .distance = a_row(keys_.size(), rows)};
  writer.texts(keys_, before);
  writer.texts(values_, before);
  writer.texts(directives_, {.other = {}, .distance = 1});
  const bool has_ids = batch.has_ids();
  writer.put(has_ids);
  for (std::size_t row = 0; has_ids && row < rows; ++row) writer.put(batch.id(row));
  const std::size_t size =
      writer.finish({.rows = static_cast<std::uint32_t>(rows),
                     .attributes = static_cast<std::uint32_t>(keys_.size()),
                     .directives = static_cast<std::uint32_t>(directives_.size()),
                     .joined = 0});
  return std::span(out).first(size);
}

void BatchPacker::unpack(std::span<const std::uint8_t> packed, ChannelBatch& batch) {
  const auto head = load<Head>(packed.data());
  Reader reader(reinterpret_cast<const char*>(packed.data()) + sizeof(head));
  attribute_first_.resize(head.rows + std::size_t{1});
  directive_first_.resize(head.rows + std::size_t{1});
  reader.numbers(head.rows, [&](std::size_t row, std::uint32_t count) {
    attribute_first_[row + 1] = attribute_first_[row] + count;
  });
  reader.numbers(head.rows, [&](std::size_t row, std::uint32_t count) {
    directive_first_[row + 1] = directive_first_[row] + count;
  });
  const ChannelBatch::Content content = batch.assign(attribute_first_, directive_first_);
  reader.join_at(batch.arena().allocate_text(head.joined + kSlack));
  reader.numbers(head.rows, [&](std::size_t row, std::uint32_t source) {
    content.source[row] = static_cast<std::uint16_t>(source);
  });
  reader.numbers(head.rows, [&](std::size_t row, std::uint32_t type) {
    content.media_type[row] = static_cast<MediaType>(type);
  });
  for (std::size_t i = 0; i < content.columns.size(); ++i)
    reader.texts(content.columns[i], before_of(i, content.columns[kName]));
  keys_.resize(head.attributes);
  values_.resize(head.attributes);
  const Before before{.other = {}, .distance = a_row(head.attributes, head.rows)};
  reader.texts(keys_, before);
  reader.texts(values_, before);
  for (std::size_t i = 0; i < head.attributes; ++i)
    content.attributes[i] = {.key = keys_[i], .value = values_[i]};
  reader.texts(content.directives, {.other = {}, .distance = 1});
  if (!reader.take<bool>()) return;
  for (std::size_t row = 0; row < head.rows; ++row) batch.set_id(row, reader.take<Uuid>());
}

}  // namespace m3u_proxy::catalog
