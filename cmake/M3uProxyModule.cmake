# m3u_proxy_module(NAME DEPENDS other_module... LIBRARIES target... FOLDERS folder...
#   PUBLIC_HEADERS file...)
#
# Makes the static library m3u_proxy_NAME of every source in the current folder and those below it
# that FOLDERS names, and the test program NAME_test of every *_test.cpp among them. DEPENDS names
# other modules, LIBRARIES outside ones; files whose path matches EXCLUDE are left out. PUBLIC_HEADERS
# are for users of the library: they and what they include are installed.
#
# Each module has an include root of its own, in which only its own folder is: an include of a module
# that is not named in DEPENDS, or by one that is, does not compile. Headers that a module generates
# are in the build's generated/NAME/m3u_proxy/NAME.
function(m3u_proxy_module name)
  cmake_parse_arguments(ARG "" "EXCLUDE" "DEPENDS;LIBRARIES;FOLDERS;PUBLIC_HEADERS" ${ARGN})
  list(TRANSFORM ARG_FOLDERS APPEND "/*.cpp")
  file(GLOB sources CONFIGURE_DEPENDS *.cpp ${ARG_FOLDERS})
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${ARG_EXCLUDE}")
  endif()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(TRANSFORM ARG_DEPENDS PREPEND m3u_proxy_)
  # For the installed library, which is made of all of them.
  set_property(GLOBAL APPEND PROPERTY M3U_PROXY_MODULES ${name})
  set_property(GLOBAL APPEND PROPERTY M3U_PROXY_MODULE_LIBRARIES ${ARG_LIBRARIES})
  list(TRANSFORM ARG_PUBLIC_HEADERS PREPEND ${name}/)
  set_property(GLOBAL APPEND PROPERTY M3U_PROXY_PUBLIC_HEADERS ${ARG_PUBLIC_HEADERS})

  set(root ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root}/m3u_proxy)
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/m3u_proxy/${name} SYMBOLIC)
  if(NOT sources)
    add_library(m3u_proxy_${name} INTERFACE)
    target_include_directories(m3u_proxy_${name} INTERFACE ${root})
    target_link_libraries(m3u_proxy_${name} INTERFACE ${ARG_DEPENDS} ${ARG_LIBRARIES})
    return()
  endif()
  add_library(m3u_proxy_${name} STATIC ${sources})
  target_include_directories(m3u_proxy_${name} PUBLIC
    ${root} ${PROJECT_BINARY_DIR}/generated/${name})
  target_link_libraries(m3u_proxy_${name}
    PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES} PRIVATE m3u_proxy_build_flags)

  if(M3U_PROXY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE
      m3u_proxy_${name} m3u_proxy_build_flags GTest::gtest GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
