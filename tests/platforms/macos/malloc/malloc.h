// What memory/process_memory_macos.cpp uses of macOS's <malloc/malloc.h>; see mach/mach.h here.
#pragma once

#include <cstddef>

struct malloc_zone_t;

extern "C" std::size_t malloc_zone_pressure_relief(malloc_zone_t* zone, std::size_t goal);
