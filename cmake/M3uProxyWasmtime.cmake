# The WASM engine: m3u_proxy_wasmtime, built once from wasm/ and kept in the user's cache folder, so
# that all presets and clones share it.
file(SHA256 ${PROJECT_SOURCE_DIR}/wasm/Cargo.lock lock_hash)
file(SHA256 ${PROJECT_SOURCE_DIR}/wasm/Cargo.toml toml_hash)
string(SHA256 wasm_hash "${lock_hash}${toml_hash}${CMAKE_SYSTEM_PROCESSOR}")
string(SUBSTRING ${wasm_hash} 0 16 wasm_hash)
if(DEFINED ENV{XDG_CACHE_HOME})
  set(wasm_cache $ENV{XDG_CACHE_HOME})
elseif(DEFINED ENV{HOME})
  set(wasm_cache $ENV{HOME}/.cache)
else()
  set(wasm_cache ${PROJECT_BINARY_DIR})
endif()
set(wasm_engine ${wasm_cache}/m3u-proxy/build/wasmtime-${wasm_hash})

set(wasm_library ${wasm_engine}/libm3u_proxy_wasmtime.a)
if(NOT EXISTS ${wasm_library})
  message(STATUS "Building the WASM engine: once, some minutes")
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/wasm/build.sh ${wasm_engine}
    RESULT_VARIABLE wasm_failed)
  if(wasm_failed)
    message(FATAL_ERROR "The WASM engine could not be built; "
      "without plugins: cmake -DM3U_PROXY_WASM=OFF")
  endif()
endif()

add_library(m3u_proxy_wasmtime STATIC IMPORTED)
set_target_properties(m3u_proxy_wasmtime PROPERTIES
  IMPORTED_LOCATION ${wasm_library}
  INTERFACE_INCLUDE_DIRECTORIES ${wasm_engine}/include
  INTERFACE_COMPILE_DEFINITIONS LIBWASM_STATIC
  INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
