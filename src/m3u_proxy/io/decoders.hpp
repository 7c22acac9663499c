// One constructor per compression format; make_decoder() chooses among them.
#pragma once

#include <cstdint>
#include <memory>

#include <m3u_proxy/io/decoder.hpp>

namespace m3u_proxy::io {

/// What surrounds deflated data: RFC 1952, RFC 1950, or nothing (RFC 1951).
enum class DeflateFrame : std::uint8_t { kGzip, kZlib, kNone };

/// Each error: kOverBudget.
Result<std::unique_ptr<Decoder>> make_deflate_decoder(memory::Budget& budget, DeflateFrame frame);
Result<std::unique_ptr<Decoder>> make_bzip2_decoder(memory::Budget& budget);
Result<std::unique_ptr<Decoder>> make_xz_decoder(memory::Budget& budget);
Result<std::unique_ptr<Decoder>> make_zstd_decoder(memory::Budget& budget);

}  // namespace m3u_proxy::io
