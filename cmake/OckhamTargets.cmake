# How Ockham's own libraries, dialects and tools are declared.

if(OCKHAM_PCH)
  add_library(OckhamPCH OBJECT ${PROJECT_SOURCE_DIR}/cmake/PCH.cpp)
  target_precompile_headers(OckhamPCH PRIVATE ${PROJECT_SOURCE_DIR}/cmake/PCH.h)
  llvm_update_compile_flags(OckhamPCH)
endif()

function(ockham_use_pch target)
  if(OCKHAM_PCH)
    target_precompile_headers(${target} REUSE_FROM OckhamPCH)
  endif()
endfunction()

# ockham_add_library(name sources... [DEPENDS targets...] [LINK_LIBS targets...]
#                    [MLIR_LIBS components...])
# A library of the compiler. LINK_LIBS are ours, MLIR_LIBS come from libMLIR.
function(ockham_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS;MLIR_LIBS" ${ARGN})
  # Folders are listed by hand: a file that is not listed yet must not stop
  # the others.
  add_mlir_library(${name} STATIC PARTIAL_SOURCES_INTENDED ${ARG_UNPARSED_ARGUMENTS}
    DEPENDS ${ARG_DEPENDS} OckhamDialectsIncGen
    LINK_LIBS PUBLIC ${ARG_LINK_LIBS}
    DISABLE_INSTALL)
  mlir_target_link_libraries(${name} PUBLIC MLIRIR ${ARG_MLIR_LIBS})
  if(TARGET obj.${name})
    # Sources compile in the object library, which does not see the usage
    # requirements of LINK_LIBS by itself.
    target_link_libraries(obj.${name} ${ARG_LINK_LIBS})
    ockham_use_pch(obj.${name})
  else()
    ockham_use_pch(${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY OCKHAM_LIBRARIES ${name})
endfunction()

# ockham_add_tool(name sources... [LINK_LIBS targets...] [MLIR_LIBS ...])
function(ockham_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS} DISABLE_LLVM_LINK_LLVM_DYLIB)
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR_LIBS})
  install(TARGETS ${name} EXPORT OckhamTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# ockham_tablegen_dialect(name namespace)
# Generates the declarations of a dialect from <Name>Ops.td, and from
# <Name>Interfaces.td and <Name>Types.td where they are there, in the current
# folder.
function(ockham_tablegen_dialect name namespace)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${namespace})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${namespace})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs)
  mlir_tablegen(${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${namespace})
  mlir_tablegen(${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${namespace})
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}Interfaces.td)
    set(LLVM_TARGET_DEFINITIONS ${name}Interfaces.td)
    mlir_tablegen(${name}OpInterfaces.h.inc -gen-op-interface-decls)
    mlir_tablegen(${name}OpInterfaces.cpp.inc -gen-op-interface-defs)
    mlir_tablegen(${name}AttrInterfaces.h.inc -gen-attr-interface-decls)
    mlir_tablegen(${name}AttrInterfaces.cpp.inc -gen-attr-interface-defs)
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}Types.td)
    set(LLVM_TARGET_DEFINITIONS ${name}Types.td)
    mlir_tablegen(${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${namespace})
    mlir_tablegen(${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${namespace})
  endif()
  add_public_tablegen_target(Ockham${name}IncGen)
  add_dependencies(OckhamDialectsIncGen Ockham${name}IncGen)
endfunction()

# ockham_tablegen_passes(group): declarations of the passes in Passes.td.
function(ockham_tablegen_passes group)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name=${group})
  add_public_tablegen_target(Ockham${group}PassIncGen)
  add_dependencies(OckhamDialectsIncGen Ockham${group}PassIncGen)
endfunction()
