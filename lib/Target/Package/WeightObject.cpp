//===- WeightObject.cpp - Weights as a raw section of an ELF object -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A quarter of a gigabyte as an LLVM constant takes minutes and gigabytes to
// compile. As a section that is written byte for byte it takes as long as the
// disk does.
//
//===----------------------------------------------------------------------===//

#include "WeightBytes.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using ockham::writeStruct;

Error ockham::writeWeightObject(raw_ostream &os, StringRef triple,
                                const ModelDescription &description) {
  Triple target(triple);
  uint16_t machine;
  uint64_t largeFlag = 0;
  if (target.getArch() == Triple::x86_64) {
    machine = ELF::EM_X86_64;
    // Far from the code, whose addresses reach two gigabytes.
    largeFlag = ELF::SHF_X86_64_LARGE;
  } else if (target.getArch() == Triple::aarch64) {
    machine = ELF::EM_AARCH64;
  } else {
    return createStringError("no object file format for weights on '" + triple +
                             "'; expected x86_64 or aarch64");
  }

  // Offsets: header, the weights, symbols, strings, section headers.
  static constexpr char sectionNames[] =
      "\0.ockham.weights\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
  static constexpr char symbolNames[] = "\0ockham_weight_data";
  const uint64_t dataOffset = 64;
  const uint64_t symbolOffset =
      alignTo(dataOffset + description.weightBytes, 8);
  const uint64_t stringOffset = symbolOffset + 2 * sizeof(ELF::Elf64_Sym);
  const uint64_t namesOffset = stringOffset + sizeof(symbolNames);
  const uint64_t headersOffset = alignTo(namesOffset + sizeof(sectionNames), 8);

  ELF::Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = machine;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = headersOffset;
  header.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = 6;
  header.e_shstrndx = 4;
  writeStruct(os, header);

  writeAllWeights(os, description);
  os.write_zeros(symbolOffset - dataOffset - description.weightBytes);
  writeStruct(os, ELF::Elf64_Sym{});
  ELF::Elf64_Sym symbol = {};
  symbol.st_name = 1;
  symbol.setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbol.st_other = ELF::STV_HIDDEN;
  symbol.st_shndx = 1;
  symbol.st_size = description.weightBytes;
  writeStruct(os, symbol);
  os.write(symbolNames, sizeof(symbolNames));
  os.write(sectionNames, sizeof(sectionNames));
  os.write_zeros(headersOffset - namesOffset - sizeof(sectionNames));

  auto nameOf = [&](StringRef name) {
    return static_cast<uint32_t>(
        StringRef(sectionNames, sizeof(sectionNames)).find(name));
  };
  writeStruct(os, ELF::Elf64_Shdr{});
  ELF::Elf64_Shdr data = {};
  data.sh_name = nameOf(".ockham.weights");
  data.sh_type = ELF::SHT_PROGBITS;
  data.sh_flags = ELF::SHF_ALLOC | largeFlag;
  data.sh_offset = dataOffset;
  data.sh_size = description.weightBytes;
  data.sh_addralign = 64;
  writeStruct(os, data);
  ELF::Elf64_Shdr symbols = {};
  symbols.sh_name = nameOf(".symtab");
  symbols.sh_type = ELF::SHT_SYMTAB;
  symbols.sh_offset = symbolOffset;
  symbols.sh_size = 2 * sizeof(ELF::Elf64_Sym);
  symbols.sh_link = 3;
  symbols.sh_info = 1; // the first global symbol
  symbols.sh_addralign = 8;
  symbols.sh_entsize = sizeof(ELF::Elf64_Sym);
  writeStruct(os, symbols);
  ELF::Elf64_Shdr strings = {};
  strings.sh_name = nameOf(".strtab");
  strings.sh_type = ELF::SHT_STRTAB;
  strings.sh_offset = stringOffset;
  strings.sh_size = sizeof(symbolNames);
  strings.sh_addralign = 1;
  writeStruct(os, strings);
  ELF::Elf64_Shdr names = strings;
  names.sh_name = nameOf(".shstrtab");
  names.sh_offset = namesOffset;
  names.sh_size = sizeof(sectionNames);
  writeStruct(os, names);
  ELF::Elf64_Shdr stack = {};
  stack.sh_name = nameOf(".note.GNU-stack");
  stack.sh_type = ELF::SHT_PROGBITS;
  stack.sh_offset = headersOffset;
  stack.sh_addralign = 1;
  writeStruct(os, stack);
  return Error::success();
}
