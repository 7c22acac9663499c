// One constructor per compression format; make_decoder() chooses among them.
#pragma once

#include <memory>

#include <m3u_proxy/io/decoder.hpp>

namespace m3u_proxy::io {

/// Each error: kOverBudget.
Result<std::unique_ptr<Decoder>> make_gzip_decoder(memory::Budget& budget);
Result<std::unique_ptr<Decoder>> make_bzip2_decoder(memory::Budget& budget);
Result<std::unique_ptr<Decoder>> make_xz_decoder(memory::Budget& budget);
Result<std::unique_ptr<Decoder>> make_zstd_decoder(memory::Budget& budget);

}  // namespace m3u_proxy::io
