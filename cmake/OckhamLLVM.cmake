# Finds LLVM and MLIR 22 and sets the compiler up as they need it.

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
message(STATUS "Using MLIR in ${MLIR_DIR} (LLVM ${LLVM_PACKAGE_VERSION})")

list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
# libMLIR.so and libLLVM.so: tools of less than a megabyte that link in a
# fraction of a second.
set(MLIR_LINK_MLIR_DYLIB ON)
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)

include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
link_directories(${LLVM_BUILD_LIBRARY_DIR})
# One string of several options.
separate_arguments(OCKHAM_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_definitions(${OCKHAM_LLVM_DEFINITIONS})

if(OCKHAM_SANITIZE)
  add_compile_options(-fsanitize=${OCKHAM_SANITIZE} -fno-omit-frame-pointer
    -gline-tables-only)
  # A shared library finds the sanitizer's functions in the program.
  add_link_options(-fsanitize=${OCKHAM_SANITIZE} LINKER:-z,undefs)
endif()
if(OCKHAM_BUILD_FUZZERS)
  # What has been reached is counted in all that is ours.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
