#include <gtest/gtest.h>

#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/node_toml.hpp>

namespace m3u_proxy::config {
namespace {

/// What JSON is after a way through TOML.
std::string through_toml(std::string_view json) {
  const ConfigNode node = parse_json(json, "test").value();
  const ConfigNode document = parse_toml(to_toml("[[things]]", node), "test").value();
  return to_json(document.find("things")->value.items.front());
}

TEST(NodeToml, WritesALineAMember) {
  const auto node = parse_json(
      R"({"name":"a","id":7,"share":0.5,"on":true,"list":["x","y"],"headers":{"X-A":"b","c d":1}})",
      "test");
  EXPECT_EQ(to_toml("[[things]]", node.value()),
            "[[things]]\nname = \"a\"\nid = 7\nshare = 0.5\non = true\nlist = [\"x\", \"y\"]\n"
            "headers = { X-A = \"b\", \"c d\" = 1 }\n");
}

TEST(NodeToml, WritesALineATableOfAList) {
  const auto node = parse_json(R"({"channels":[{"name":"a"},{"name":"b","n":[1]}]})", "test");
  EXPECT_EQ(to_toml("[[sources]]", node.value()),
            "[[sources]]\nchannels = [\n  { name = \"a\" },\n  { name = \"b\", n = [1] },\n]\n");
}

TEST(NodeToml, IsReadAsTheSame) {
  for (const char* const json :
       {R"({"a":"plain","b":"with \"quotes\"","c":"back\\slash","d":"it's \"both\" \\"})",
        R"({"a":"two\nlines","b":"\n","c":"'''\n","d":"ends with '","e":"a\r\nb","f":"tab\t"})",
        R"({"a":"\u0001\u007f","b":"é 中 😀","c":""})",
        R"({"a":1.0,"b":-0.25,"c":1e300,"d":9007199254740993,"e":-5})",
        R"({"a":[],"b":{},"c":[[1,2],[]],"d":[{"e":[{"f":"x\ny"}]}],"g h":{"":"empty key"}})"})
    EXPECT_EQ(through_toml(json), to_json(parse_json(json, "test").value())) << json;
}

}  // namespace
}  // namespace m3u_proxy::config
