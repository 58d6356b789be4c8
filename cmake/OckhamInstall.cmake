# What `cmake --install` writes, and the package that find_package(Ockham) finds.
#
# The runtime is an export set of its own: who only runs models needs neither
# LLVM nor MLIR.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Ockham)

get_property(libraries GLOBAL PROPERTY OCKHAM_LIBRARIES)
if(TARGET OckhamNpy)
  list(APPEND libraries OckhamNpy)
endif()
foreach(library IN LISTS libraries)
  target_include_directories(${library} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
install(TARGETS ${libraries} EXPORT OckhamTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

# Headers of the compiler lie as in the source tree: ockham/... and dialects/...
set(header_patterns FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
  PATTERN CMakeFiles EXCLUDE)
foreach(tree ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  install(DIRECTORY ${tree}/include/ockham DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    ${header_patterns})
  install(DIRECTORY ${tree}/dialects DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    ${header_patterns})
endforeach()

install(EXPORT OckhamTargets NAMESPACE Ockham:: DESTINATION ${package_dir})
install(EXPORT OckhamRuntimeTargets NAMESPACE Ockham:: DESTINATION ${package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/OckhamConfig.cmake.in
  ${PROJECT_BINARY_DIR}/OckhamConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/OckhamConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/OckhamConfig.cmake
  ${PROJECT_BINARY_DIR}/OckhamConfigVersion.cmake
  DESTINATION ${package_dir})
