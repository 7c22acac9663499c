// WritePace: when a file's bytes go to the disk.
//
// What is to be synced at its end is written out while it is made, so that the end has little to
// wait for.
//
// What was written stays in memory until the disk has it. A control group is charged for these
// pages, and the kernel can't reclaim them any sooner: when the disk is slower than the program, it
// ends the program. So the writer has each piece written out and waits for the one before it,
// by sync_file_range(2). Linux; elsewhere, and on file systems that do not know it, nothing.
#pragma once

#include <cstdint>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy::io {

/// Of one file. Not thread-safe, unless something says otherwise.
class WritePace {
 public:
  /// Whether the file is to be synced, or gone soon: then the disk is best never asked.
  enum class Fate : std::uint8_t { kKept, kTemporary };
  explicit WritePace(Fate fate) : fate_(fate) {}

  /// At least this much of a file may be on its way.
  static constexpr Bytes kLeast = kib(256);

  /// For every file of the process: how much of it may be on its way from now on; less than kLeast
  /// counts as that. At first there is no limit. Thread-safe.
  static void set_most(Bytes most);
  static void set_unlimited();
  [[nodiscard]] static Bytes most();

  /// The file, written from its beginning, has `size` bytes now. May wait for the disk. Returns 0,
  /// or the errno with which the disk refused what was written before: fsync(2) does not say it
  /// again.
  [[nodiscard]] int wrote(int fd, std::uint64_t size);
  /// The file is empty again.
  void begin_anew() { started_ = waited_ = 0; }

 private:
  Fate fate_;
  std::uint64_t started_ = 0;  // up to here the disk has been asked
  std::uint64_t waited_ = 0;   // and up to here it has done so
};

}  // namespace m3u_proxy::io
