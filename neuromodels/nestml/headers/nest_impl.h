/* NEST's own nest_impl.h has no include guard, so two generated files in one translation unit would
 * define its templates twice.  nest_extension_interface.h includes the real one exactly once. */
#pragma once
#include "nest_extension_interface.h"
