# One static library per module, tests, benches and fuzz targets beside the source.
#
#   weir_module(balance SOURCES p2c.cc TESTS p2c_test.cc BENCHES p2c_bench.cc FUZZERS fuzz_x.cc LIBS weir_base)
#
# gives the library weir_balance, the executables balance_test (in CTest as one test per module), p2c_bench and
# fuzz_x. FUZZERS are built only with WEIR_FUZZ (clang, libFuzzer).
#
# COLD: nothing in the module runs per request. Under sanitizers it is then compiled without optimisation, as tests are:
# with UBSan -O1 takes two to three times as long to compile, most of it for command lines, JSON and assertions.

option(WEIR_TESTS "build the tests" ON)
option(WEIR_BENCHES "build the micro benchmarks" ON)
option(WEIR_FUZZ "build the libFuzzer targets (clang only)" OFF)
set(WEIR_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(weir_flags INTERFACE)
# -ffp-contract=off: a compiler may otherwise fuse a * b + c into one instruction that rounds once instead of twice,
# where the target has one (all of arm64, x86-64 from -march=x86-64-v3 on). A run of the simulator must give the same
# bits everywhere (base/exact_math.h).
target_include_directories(weir_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(weir_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Werror=unused-result -Werror=return-type -Werror=switch -fno-plt -g1 -ffp-contract=off)
target_compile_definitions(weir_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(WEIR_SANITIZE)
  target_compile_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(weir_flags INTERFACE -fsanitize=${WEIR_SANITIZE})
  if(WEIR_SANITIZE MATCHES "undefined")
    # This check reads an object's type through a pipe, and takes the lack of a descriptor for a bad object: a story
    # in which descriptors run out would end the process that must survive it.
    target_compile_options(weir_flags INTERFACE -fno-sanitize=vptr)
  endif()
endif()
if(WEIR_FUZZ)
  target_compile_options(weir_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set(WEIR_UNOPTIMISED)
if(WEIR_SANITIZE)
  set(WEIR_UNOPTIMISED -O0)
endif()

function(weir_module name)
  cmake_parse_arguments(M "COLD" "" "SOURCES;TESTS;BENCHES;FUZZERS;LIBS" ${ARGN})
  set(lib weir_${name})
  if(M_SOURCES)
    add_library(${lib} STATIC ${M_SOURCES})
    target_link_libraries(${lib} PUBLIC weir_flags ${M_LIBS})
    if(M_COLD)
      target_compile_options(${lib} PRIVATE ${WEIR_UNOPTIMISED})
    endif()
  else()
    add_library(${lib} INTERFACE)
    target_link_libraries(${lib} INTERFACE weir_flags ${M_LIBS})
  endif()
  if(WEIR_TESTS AND M_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE ${lib} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_options(${name}_test PRIVATE ${WEIR_UNOPTIMISED})
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
  if(WEIR_BENCHES)
    foreach(bench ${M_BENCHES})
      get_filename_component(target ${bench} NAME_WE)
      add_executable(${target} ${bench})
      target_link_libraries(${target} PRIVATE ${lib} benchmark::benchmark benchmark::benchmark_main)
    endforeach()
  endif()
  if(WEIR_FUZZ)
    foreach(fuzzer ${M_FUZZERS})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${lib})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
