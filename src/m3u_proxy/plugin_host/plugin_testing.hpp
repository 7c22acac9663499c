// What the tests of plugins share: modules as text, put together of what a test is about, and the
// samples of sdk/.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/plugin_host/wasm_module.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::plugin_host {

/// A module that obeys all rules and gives every chunk back as it is, but for what a test writes in
/// its place. `$number` is the first number of its configuration. Functions named $log, $copy and
/// $fail are there for the bodies; `(local $i i32)` is free in each.
struct TestModule {
  std::string name = "test";
  std::string stages = "data_mapping";  ///< with commas between
  bool streaming = true;
  bool compression = false;
  std::uint64_t max_heap_mb = 8;
  std::string imports{};
  std::string more{};        ///< globals, data, functions
  std::string initialize{};  ///< body of _initialize; empty: there is none
  std::string begin = "(i32.const 0)";
  std::string pressure = "(i32.const 1)";
  std::string process = "(return (call $give_back (local.get $in) (local.get $size)))";
  std::string finalize = "(i32.const 2)";
  std::string cleanup{};
  std::string version = "1.0.0";

  /// Takes copies of its chunks and gives them back, in order, at the end.
  static TestModule accumulating(std::string name) {
    TestModule module{.name = std::move(name), .streaming = false};
    module.process = "(call $keep (local.get $in) (local.get $size)) (i32.const 1)";
    module.finalize = "(call $give_kept)";
    return module;
  }

  [[nodiscard]] std::string text() const {
    std::string words;
    for (const char c : "\"" + stages + "\"")
      words += c == ',' ? "\\22, \\22" : c == '"' ? "\\22" : std::string(1, c);
    const std::string info = fmt::format(
        R"({{\22name\22: \22{}\22, \22version\22: \22{}\22, \22supported_stages\22: [{}], )"
        R"(\22memory_requirements\22: {{\22min_heap_mb\22: 1, \22max_heap_mb\22: {}, )"
        R"(\22supports_streaming\22: {}, \22supports_compression\22: {}}}}})",
        name, version, words, max_heap_mb, streaming, compression);
    std::size_t size = info.size();
    for (std::size_t at = info.find("\\22"); at != std::string::npos;
         at = info.find("\\22", at + 3))
      size -= 2;
    std::string out = "(module\n";
    if (!imports.contains("\"log\""))
      out += R"((import "m3u_proxy" "log" (func $log (param i32 i32 i32))))"
             "\n";
    out += imports;
    out += fmt::format("\n(memory (export \"memory\") 2)\n(data (i32.const 1024) \"{}\")\n", info);
    out += kCommon;
    out += more;
    out += fmt::format(
        "(func (export \"m3u_info\") (param $out i32) (result i32)\n"
        " (i32.store (local.get $out) (i32.const 1024))\n"
        " (i32.store offset=4 (local.get $out) (i32.const {})) (i32.const 0))\n",
        size);
    if (!initialize.empty()) out += "(func (export \"_initialize\") " + initialize + ")\n";
    out += "(func (export \"m3u_can_handle_memory_pressure\") (param $level i32) (result i32) " +
           pressure + ")\n";
    out +=
        "(func (export \"m3u_begin\") (param $stage i32) (param i32 i32 i32) (result i32)\n"
        " (global.set $mark (local.get $stage)) (global.set $kept (i32.const 0))\n"
        " (global.set $chunk (i32.const 0))\n" +
        begin + ")\n";
    out +=
        "(func (export \"m3u_process_chunk\") (param $in i32) (param $size i32) (param $out i32)"
        " (result i32) (local $i i32) (global.set $answer (local.get $out))\n"
        " (global.set $chunk (i32.add (global.get $chunk) (i32.const 1)))\n" +
        process + ")\n";
    out +=
        "(func (export \"m3u_finalize\") (param $out i32) (result i32) (local $i i32)"
        " (global.set $answer (local.get $out))\n" +
        finalize + ")\n";
    out += "(func (export \"m3u_cleanup\") (global.set $top (global.get $mark))" + cleanup + "))\n";
    return out;
  }

 private:
  static constexpr std::string_view kCommon = R"wat(
(data (i32.const 512) "this is not to my taste")
(global $top (mut i32) (i32.const 65536))
(global $mark (mut i32) (i32.const 65552))
(global $number (mut i32) (i32.const 0))
(global $chunk (mut i32) (i32.const 0)) ;; of this generation, from 1
(global $kept (mut i32) (i32.const 0))
(global $answer (mut i32) (i32.const 0))
(func (export "m3u_abi_version") (result i32) (i32.const 1))
;; Blocks lie one behind the other; only the last one is given back.
(func $alloc (export "m3u_alloc") (param $size i32) (result i32) (local $block i32)
  (local.set $block (global.get $top))
  (global.set $top (i32.add (local.get $block)
    (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))
  (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
    (then (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
            (i32.shr_u (local.get $size) (i32.const 16)))))
        (then (global.set $top (local.get $block)) (return (i32.const 0))))))
  (local.get $block))
(func (export "m3u_free") (param $block i32) (param $size i32)
  (if (i32.eq (global.get $top) (i32.add (local.get $block)
        (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))
    (then (global.set $top (local.get $block)))))
(func (export "m3u_init") (param $config i32) (param $size i32) (result i32)
  (local $digit i32) (local $seen i32)
  (block $end (loop $next
    (br_if $end (i32.eqz (local.get $size)))
    (local.set $digit (i32.sub (i32.load8_u (local.get $config)) (i32.const 48)))
    (if (i32.lt_u (local.get $digit) (i32.const 10))
      (then (local.set $seen (i32.const 1))
        (global.set $number (i32.add (local.get $digit)
          (i32.mul (global.get $number) (i32.const 10)))))
      (else (br_if $end (local.get $seen))))
    (local.set $config (i32.add (local.get $config) (i32.const 1)))
    (local.set $size (i32.sub (local.get $size) (i32.const 1)))
    (br $next)))
  (i32.const 0))
(func $give_back (param $in i32) (param $size i32) (result i32)
  (i32.store (global.get $answer) (local.get $in))
  (i32.store offset=4 (global.get $answer) (local.get $size))
  (i32.const 0))
(func $fail (result i32)
  (call $log (i32.const 0) (i32.const 512) (i32.const 23))
  (i32.const -1))
;; What is kept: address and size of each block, from 8192 on; 0, 1 … of them given already.
(global $given (mut i32) (i32.const 0))
(func $keep (param $in i32) (param $size i32) (local $copy i32)
  (if (i32.eqz (global.get $kept)) (then (global.set $given (i32.const 0))))
  (local.set $copy (call $alloc (local.get $size)))
  (memory.copy (local.get $copy) (local.get $in) (local.get $size))
  (i32.store offset=8192 (i32.shl (global.get $kept) (i32.const 3)) (local.get $copy))
  (i32.store offset=8196 (i32.shl (global.get $kept) (i32.const 3)) (local.get $size))
  (global.set $kept (i32.add (global.get $kept) (i32.const 1))))
(func $give_kept (result i32) (local $at i32)
  (if (i32.eq (global.get $given) (global.get $kept)) (then (return (i32.const 2))))
  (local.set $at (i32.shl (global.get $given) (i32.const 3)))
  (global.set $given (i32.add (global.get $given) (i32.const 1)))
  (call $give_back (i32.load offset=8192 (local.get $at)) (i32.load offset=8196 (local.get $at))))
)wat";
};

/// sdk/samples/misbehaving/NAME.wat or .toml.
inline std::filesystem::path misbehaving(std::string_view name) {
  return std::filesystem::path(M3U_PROXY_SDK) / "samples/misbehaving" / name;
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

inline Result<std::shared_ptr<const WasmModule>> link_text(std::string_view text) {
  M3U_TRY(ModulePtr module,
          WasmModule::compile({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  return WasmModule::link(std::move(module));
}

}  // namespace m3u_proxy::plugin_host
