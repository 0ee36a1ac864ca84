# Writes `output`, a C++ source that defines drill::embedded_drills() with the texts of these files, in their order. A
# change of a file, and a new one, run CMake again.
function(weir_embed_drills output)
  set(source "// Made by cmake/WeirEmbed.cmake from drills/.\n#include \"drill/embedded.h\"\n\nnamespace weir::drill {\n\n")
  string(APPEND source "std::span<const EmbeddedDrill> embedded_drills() {\n  static constexpr EmbeddedDrill kDrills[] = {\n")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND source "      {\"${name}\", R\"yaml(${text})yaml\"},\n")
  endforeach()
  string(APPEND source "  };\n  return kDrills;\n}\n\n}  // namespace weir::drill\n")
  file(CONFIGURE OUTPUT ${output} CONTENT "${source}" @ONLY)
endfunction()
