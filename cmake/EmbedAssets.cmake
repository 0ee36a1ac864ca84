# cmake -DOUT=x.cc "-DFILES=index.html.gz;console.js.gz" -P EmbedAssets.cmake
# writes a source with the bytes of the files and a table of them, for src/console/assets.h. "index.html" is served as
# "/", the others by their name.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(arrays "")
set(table "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "\\.gz$" "" name ${name})
  string(REGEX MATCH "[a-z]+$" kind ${name})
  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  file(READ ${file} bytes HEX)
  string(LENGTH "${bytes}" length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "const unsigned char kFile${number}[${length}] = {\n${bytes}};\n")
  string(APPEND table "    {\"${path}\", \"${type_${kind}}\", {reinterpret_cast<const char*>(kFile${number}), ${length}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// Made by cmake/EmbedAssets.cmake.
#include \"console/assets.h\"

namespace weir::console {

namespace {

${arrays}
const Asset kAssets[] = {
${table}};

}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace weir::console
")
