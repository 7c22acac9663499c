# Compiler settings that every target of the project shares, as the interface target
# m3u_proxy_build_flags: warnings, the fast linker, and the chosen sanitizers.
set(M3U_PROXY_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(m3u_proxy_build_flags INTERFACE)
target_compile_options(m3u_proxy_build_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely on std::string at -O3 and with sanitizers.
  target_compile_options(m3u_proxy_build_flags INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow)
else()
  # clang's -Wconversion and -Wextra mean more than g++'s; the code is held to g++'s. libstdc++ 12's
  # own std::stable_sort calls what it declares deprecated.
  target_compile_options(m3u_proxy_build_flags INTERFACE
    -Wno-sign-conversion -Wno-missing-designated-field-initializers -Wno-deprecated-declarations)
endif()

find_program(M3U_PROXY_MOLD mold)
find_program(M3U_PROXY_LLD ld.lld-19)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND M3U_PROXY_LLD)
  target_link_options(m3u_proxy_build_flags INTERFACE --ld-path=${M3U_PROXY_LLD})
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND M3U_PROXY_MOLD)
  target_link_options(m3u_proxy_build_flags INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:M3U_PROXY_PLAIN_LINKER>>>:-fuse-ld=mold>)
endif()

if(M3U_PROXY_SANITIZE)
  target_compile_options(m3u_proxy_build_flags INTERFACE
    -fsanitize=${M3U_PROXY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(m3u_proxy_build_flags INTERFACE -fsanitize=${M3U_PROXY_SANITIZE})
  target_compile_definitions(m3u_proxy_build_flags INTERFACE M3U_PROXY_SANITIZED=1)
endif()

if(M3U_PROXY_FUZZ)
  # Everything counts its branches for libFuzzer; only the fuzz targets have its main().
  target_compile_options(m3u_proxy_build_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(m3u_proxy_build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(M3U_PROXY_CCACHE ccache)
if(M3U_PROXY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${M3U_PROXY_CCACHE})
endif()
