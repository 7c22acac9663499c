// csv_channels: reads a source that is a CSV file (RFC 4180). Its first line names the columns:
// name, url, group, logo, tvg_id, tvg_name, number, shift, in any order; a column with another name
// becomes an attribute of that name.
#include <m3u_plugin.hpp>

namespace {

using m3u::ChannelField;
using m3u::Text;

constexpr size_t kMaxRecord = size_t{1} << 20U;

struct Known {
  Text name;
  ChannelField field;
};
constexpr Known kKnown[] = {
    {"name", ChannelField::kChannelName}, {"url", ChannelField::kStreamUrl},
    {"group", ChannelField::kGroupTitle}, {"logo", ChannelField::kTvgLogo},
    {"tvg_id", ChannelField::kTvgId},     {"tvg_name", ChannelField::kTvgName},
    {"number", ChannelField::kTvgChno},   {"shift", ChannelField::kTvgShift},
};

Text trimmed(Text text) {
  while (text.starts_with(" ")) text = text.substr(1);
  while (!text.empty() && text[text.size() - 1] == ' ') text = text.substr(0, text.size() - 1);
  return text;
}

/// Cuts text into records and records into fields.
class CsvReader {
 public:
  /// `last`: there is nothing behind the text, so its end is the end of a record.
  CsvReader(Text text, bool last) : text_(text), last_(last) {}

  /// The fields of the next record; false when it is not complete. Texts without quotes are views.
  bool next(m3u::Arena& arena, m3u::Array<Text>& fields) {
    size_t at = taken_;
    fields.clear();
    if (at == text_.size()) return false;
    for (;;) {
      const size_t end = end_of_field(at);
      if (end == text_.size() && !last_) return false;
      fields.push_back(value(text_.substr(at, end - at), arena));
      if (end < text_.size() && text_[end] == ',') {
        at = end + 1;
        continue;
      }
      taken_ = end;
      if (taken_ < text_.size()) ++taken_;  // the line feed
      return true;
    }
  }
  /// How much of the text the records were.
  [[nodiscard]] size_t taken() const { return taken_; }

 private:
  /// Where the comma or line feed behind the field is.
  [[nodiscard]] size_t end_of_field(size_t at) const {
    const bool quoted = at < text_.size() && text_[at] == '"';
    bool inside = false;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (quoted && c == '"') inside = !inside;
      if (!inside && (c == ',' || c == '\n')) break;
    }
    return at;
  }
  static Text value(Text field, m3u::Arena& arena) {
    if (!field.empty() && field[field.size() - 1] == '\r')
      field = field.substr(0, field.size() - 1);
    if (!field.starts_with("\"")) return trimmed(field);
    field = field.substr(1);
    char* const begin = arena.allocate(field.size());
    char* end = begin;
    for (size_t i = 0; i < field.size(); ++i) {
      if (field[i] == '"' && (++i == field.size() || field[i] != '"')) break;
      *end++ = field[i];
    }
    return {begin, static_cast<size_t>(end - begin)};
  }

  Text text_;
  bool last_;
  size_t taken_ = 0;
};

class CsvChannels final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "csv_channels",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Reads channel lists in CSV",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kSourceLoading},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 16}};
  }

  bool begin(m3u::Stage /*stage*/, m3u::Context& context) override {
    cleanup();
    source_ = context.source();
    return true;
  }

  m3u::Result process_bytes(Text bytes, m3u::Output& out) override {
    if (rest_.empty()) return read(bytes, false, out);
    rest_ += bytes;
    m3u::Buffer text = static_cast<m3u::Buffer&&>(rest_);
    rest_ = m3u::Buffer();
    return read(text, false, out);
  }

  m3u::Result finalize(m3u::Output& out) override {
    if (rest_.empty()) return m3u::Result::kDone;
    m3u::Buffer text = static_cast<m3u::Buffer&&>(rest_);
    rest_ = m3u::Buffer();
    const m3u::Result result = read(text, true, out);
    return result == m3u::Result::kNone ? m3u::Result::kDone : result;
  }

  void cleanup() override {
    rest_.reset();
    columns_.reset();
    names_.reset();
  }

 private:
  m3u::Result read(Text text, bool last, m3u::Output& out) {
    m3u::ChannelWriter writer;
    m3u::Arena unquoted;
    m3u::Array<Text> fields;
    CsvReader reader(text, last);
    while (reader.next(unquoted, fields)) {
      if (columns_.empty()) {
        if (!read_header(fields)) return m3u::fail("the CSV's first line has no column \"url\"");
      } else if (fields.size() > 1 || !fields[0].empty()) {
        add(fields, writer);
      }
    }
    const Text rest = text.substr(reader.taken());
    if (rest.size() > kMaxRecord) return m3u::fail("a line of the CSV is longer than 1 MB");
    rest_ += rest;
    return writer.empty() ? m3u::Result::kNone : out.give(writer);
  }

  bool read_header(const m3u::Array<Text>& fields) {
    bool has_url = false;
    for (Text name : fields) {
      if (name.starts_with("\xef\xbb\xbf")) name = trimmed(name.substr(3));
      columns_.push_back(names_.store(name));
      has_url = has_url || name == "url";
    }
    return has_url;
  }

  void add(const m3u::Array<Text>& fields, m3u::ChannelWriter& writer) const {
    writer.add_new(source_);
    writer.set(ChannelField::kDuration, "-1");
    for (size_t i = 0; i < fields.size() && i < columns_.size(); ++i) {
      const Known* known = nullptr;
      for (const Known& each : kKnown)
        if (each.name == columns_[i]) known = &each;
      if (known != nullptr)
        writer.set(known->field, fields[i]);
      else if (!columns_[i].empty())
        writer.set_attribute(columns_[i], fields[i]);
    }
  }

  uint16_t source_ = 0;
  m3u::Buffer rest_;  // a record that is not complete yet
  m3u::Arena names_;
  m3u::Array<Text> columns_;
};

}  // namespace

M3U_PLUGIN(CsvChannels)
