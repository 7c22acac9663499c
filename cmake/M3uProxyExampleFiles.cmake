# Writes OUT, the source of daemon/example_files.hpp: FILES, of which the first is the configuration.
function(literal file out)
  file(READ ${file} content)
  set(${out} "R\"example(${content})example\"" PARENT_SCOPE)
endfunction()

list(POP_FRONT FILES configuration)
literal(${configuration} text)
string(CONCAT source
  "#include <array>\n\n#include <m3u_proxy/daemon/example_files.hpp>\n\n"
  "namespace m3u_proxy::daemon {\n\n"
  "std::string_view example_configuration() { return ${text}; }\n\n"
  "std::span<const std::pair<std::string_view, std::string_view>> example_files() {\n"
  "  static constexpr std::array kFiles = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  literal(${file} text)
  string(APPEND source
    "    std::pair<std::string_view, std::string_view>{\"${name}\", ${text}},\n")
endforeach()
string(APPEND source "  };\n  return kFiles;\n}\n\n}  // namespace m3u_proxy::daemon\n")
file(WRITE ${OUT} "${source}")
