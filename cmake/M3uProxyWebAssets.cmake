# Writes TABLE and BYTES, the sources of web/assets.hpp: FILES of FOLDER, each of them gzip'd.
list(SORT FILES)
set(bytes "    .section .rodata\n")
set(symbols "")
set(rows "")
set(number 0)
foreach(file ${FILES})
  file(RELATIVE_PATH path ${FOLDER} ${file})
  string(REGEX REPLACE "\\.gz$" "" path ${path})
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  file(SIZE ${file} size)
  string(APPEND bytes
    "    .balign 16\n    .global m3u_proxy_web_asset_${number}\n"
    "m3u_proxy_web_asset_${number}:\n    .incbin \"${file}\"\n")
  string(APPEND symbols "extern const char m3u_proxy_web_asset_${number}[];\n")
  string(APPEND rows
    "      Asset{.path = \"${path}\", .hash = \"${hash}\",\n"
    "            .packed = {m3u_proxy_web_asset_${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
# Without it the linker takes the whole program's stack for executable.
string(APPEND bytes "    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${BYTES} "${bytes}")
file(WRITE ${TABLE}
  "#include <array>\n\n#include <m3u_proxy/web/assets.hpp>\n\n"
  "extern \"C\" {\n${symbols}}\n\nnamespace m3u_proxy::web {\n\n"
  "std::span<const Asset> assets() {\n"
  "  static const std::array<Asset, ${number}> kAssets = {\n${rows}  };\n"
  "  return kAssets;\n}\n\n}  // namespace m3u_proxy::web\n")
