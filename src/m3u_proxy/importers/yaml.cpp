#include <charconv>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/yaml.hpp>

namespace m3u_proxy::importers {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kLargest = std::size_t{4} << 20U;
constexpr std::size_t kDeepest = 64;

/// Reads a text where it is.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* const begin = const_cast<char*>(text.data());  // NOLINT(*-const-cast): only read
    setg(begin, begin, begin + text.size());
  }
};

/// How a document is given up from inside the library, which knows no other way.
struct GivenUp {
  Error error;
};

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// What a scalar without quotes is by YAML's core schema.
void set_type(ConfigNode& node) {
  const std::string_view text = node.text;
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    node.kind = Kind::kBoolean;
    node.boolean = ascii_lower(text.front()) == 't';
  } else if (read_number(text, node.integer)) {
    node.kind = Kind::kInteger;
  } else if (read_number(text, node.number)) {
    node.kind = Kind::kNumber;
  }
}

/// Makes the tree of what the parser sees.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view file) : file_(file) {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    ConfigNode node;
    node.kind = Kind::kUntyped;
    node.where = place(mark);
    add(std::move(node), true);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    give_up(place(mark), "an alias is not read", "write the value out in its place");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    ConfigNode node;
    node.kind = Kind::kString;
    node.where = place(mark);
    node.text = value;
    const bool is_key =
        !open_.empty() && open_.back().node.kind == Kind::kTable && !open_.back().key;
    if (tag == "?" && !is_key) set_type(node);
    const bool null = tag == "?" && (value == "~" || equals_ascii_case(value, "null"));
    add(std::move(node), null);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    open(mark, Kind::kArray);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, Kind::kTable);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] ConfigNode take() { return std::move(root_); }
  [[nodiscard]] Where place(const YAML::Mark& mark) const {
    return {.source = file_,
            .line = static_cast<std::uint64_t>(mark.line + 1),
            .column = static_cast<std::uint64_t>(mark.column + 1)};
  }

 private:
  /// A table or list that is not complete yet.
  struct Open {
    ConfigNode node;
    std::optional<ConfigMember> key{};  ///< whose value comes next
    std::unordered_set<std::string> keys{};
  };

  [[noreturn]] static void give_up(Where where, std::string message, std::string hint = {}) {
    throw GivenUp{Error{.code = ErrorCode::kConfig,
                        .message = std::move(message),
                        .where = std::move(where),
                        .hint = std::move(hint)}};
  }

  void open(const YAML::Mark& mark, Kind kind) {
    if (open_.size() == kDeepest) give_up(place(mark), "the document is nested too deeply");
    ConfigNode node;
    node.kind = kind;
    node.where = place(mark);
    open_.push_back({.node = std::move(node)});
  }

  void close() {
    ConfigNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node), false);
  }

  void add(ConfigNode node, bool null) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Kind::kArray) {
      if (!null) parent.node.items.push_back(std::move(node));
      return;
    }
    if (!parent.key) {
      if (node.kind == Kind::kTable || node.kind == Kind::kArray)
        give_up(node.where, "a key is a text here");
      if (!parent.keys.insert(node.text).second)
        give_up(node.where, fmt::format("{} is there twice", excerpt(node.text)));
      parent.key = ConfigMember{.name = node.text, .where = node.where};
      return;
    }
    parent.key->value = std::move(node);
    if (!null) parent.node.members.push_back(*std::move(parent.key));
    parent.key.reset();
  }

  std::string file_;
  std::vector<Open> open_;
  ConfigNode root_{};
};

}  // namespace

Result<ConfigNode> parse_yaml(std::string_view text, std::string_view file) {
  if (text.size() > kLargest)
    return fail(Error{.code = ErrorCode::kConfig,
                      .message = fmt::format("is larger than {} MB", kLargest >> 20U),
                      .where = {.source = std::string(file)}});
  Builder builder(file);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Builder more(file);
    if (parser.HandleNextDocument(more))
      return fail(Error{.code = ErrorCode::kConfig,
                        .message = "holds more than one document",
                        .where = {.source = std::string(file)}});
  } catch (GivenUp& given_up) {
    return fail(std::move(given_up.error));
  } catch (const YAML::Exception& wrong) {
    return fail(Error{.code = ErrorCode::kConfig,
                      .message = "this is no YAML: " + wrong.msg,
                      .where = builder.place(wrong.mark)});
  }
  return builder.take();
}

}  // namespace m3u_proxy::importers
