# The Debian package, by CPack: `cpack --config build/release/CPackConfig.cmake`. It holds the program
# with manual page and completion, and where it can `serve` the systemd unit; not the library.
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(documents ${CMAKE_INSTALL_DATADIR}/doc/m3u-proxy)
install(FILES ${deploy}/debian/copyright ${deploy}/debian/changelog
  DESTINATION ${documents} COMPONENT program)
install(FILES ${deploy}/debian/lintian-overrides
  DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME m3u-proxy COMPONENT program)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${deploy}/debian/prepare.cmake)
set(CPACK_PACKAGE_NAME m3u-proxy)
set(CPACK_PACKAGE_CONTACT "The authors of m3u-proxy <m3u-proxy@localhost.localdomain>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "IPTV playlist and guide proxy within a memory limit")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Merges, rewrites, filters, numbers and republishes IPTV playlists (M3U) and
guides (XMLTV), from files, addresses and Xtream Codes accounts. It streams, so
a large subscription needs little memory, and its memory limit holds.")
# Libraries that are loaded on first use are no dependencies of the program's file.
set(loaded libcurl4 ca-certificates)
if(M3U_PROXY_DATABASE)
  list(APPEND loaded libssl3 libsqlite3-0 libsodium23 tzdata)
  install(FILES ${deploy}/systemd/m3u-proxy.service DESTINATION lib/systemd/system
    COMPONENT program)
  install(FILES ${deploy}/debian/m3u-proxy.default DESTINATION /etc/default RENAME m3u-proxy
    COMPONENT program)
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS libpq5)
  file(WRITE ${PROJECT_BINARY_DIR}/debian/conffiles "/etc/default/m3u-proxy\n")
  set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/conffiles
    ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm)
endif()
list(JOIN loaded ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
include(CPack)
