# Run by CPack on the folder that becomes the package: what Debian wants compressed, and
# where its zsh looks.
find_program(gzip gzip REQUIRED)
file(GLOB_RECURSE compressed
  ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*.1
  ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/m3u-proxy/changelog)
foreach(file ${compressed})
  execute_process(COMMAND ${gzip} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(GLOB zsh_folders ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/zsh)
foreach(folder ${zsh_folders})
  file(RENAME ${folder}/site-functions ${folder}/vendor-completions)
endforeach()
