# The library as others use it: libm3u_proxy of all folders but those that only the command line or
# `serve` needs, its public headers, and a package for find_package(m3u_proxy), whose target is
# m3u_proxy::m3u_proxy.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# What the folders use as headers only, inside their sources: nothing that a user has to link.
set(private_libraries Boost::headers nlohmann_json::nlohmann_json)

get_property(modules GLOBAL PROPERTY M3U_PROXY_MODULES)
get_property(libraries GLOBAL PROPERTY M3U_PROXY_MODULE_LIBRARIES)
list(REMOVE_ITEM modules cli importers plugin_tools
  api backup daemon http jobs monitoring outputs queries snapshots web)
list(TRANSFORM modules PREPEND m3u_proxy_)
list(REMOVE_DUPLICATES libraries)
list(REMOVE_ITEM libraries ${private_libraries} CLI11::CLI11 date::date-tz yaml-cpp)
# A path of this machine must not be in the package.
list(TRANSFORM libraries REPLACE "^/.*/lib([^/]+)\\.(so|a)$" "\\1")

list(TRANSFORM modules REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
add_library(m3u_proxy STATIC ${objects})
add_library(m3u_proxy::m3u_proxy ALIAS m3u_proxy)
set_target_properties(m3u_proxy PROPERTIES LINKER_LANGUAGE CXX)
target_compile_features(m3u_proxy PUBLIC cxx_std_23)
target_include_directories(m3u_proxy PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(m3u_proxy PUBLIC ${libraries})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/m3u_proxy)
install(TARGETS m3u_proxy EXPORT m3u_proxyTargets)
install(EXPORT m3u_proxyTargets NAMESPACE m3u_proxy:: DESTINATION ${package})
configure_package_config_file(cmake/m3u_proxyConfig.cmake.in
  ${PROJECT_BINARY_DIR}/m3u_proxyConfig.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/m3u_proxyConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/m3u_proxyConfig.cmake
  ${PROJECT_BINARY_DIR}/m3u_proxyConfigVersion.cmake DESTINATION ${package})
if(M3U_PROXY_WASM)
  install(FILES ${wasm_library} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
get_property(public_headers GLOBAL PROPERTY M3U_PROXY_PUBLIC_HEADERS)
install(CODE "set(public_headers \"${public_headers}\")
  set(source \"${PROJECT_SOURCE_DIR}/src\")
  set(destination \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}\")")
install(SCRIPT cmake/InstallHeaders.cmake)
