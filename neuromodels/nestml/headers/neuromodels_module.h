/* What every compiled module of neuromodels shares; the first thing in its one source file.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include "neuromodels_access.h"
#include "neuromodels_delivery.h"
#include "neuromodels_emission.h"
#include "neuromodels_inputs.h"
#include "neuromodels_memory.h"
#include "neuromodels_propagator.h"
#include "neuromodels_neuron.h"

#if defined( __SSE__ )
#include <xmmintrin.h>
#endif

namespace neuromodels
{

/* Flushes subnormal numbers to zero for as long as it lives, and restores the caller's
 * floating-point mode afterwards: a conductance that decays in silence would otherwise become
 * subnormal and make its neuron ten times slower for ever.  Scoped, so that the rest of the process
 * (NumPy, say) keeps IEEE arithmetic. */
class FlushSubnormals
{
public:
#if defined( __SSE__ )
  FlushSubnormals()
    : saved_( _mm_getcsr() )
  {
    _mm_setcsr( saved_ | 0x8040u ); // FTZ (bit 15) and DAZ (bit 6)
  }
  ~FlushSubnormals() { _mm_setcsr( saved_ ); }

private:
  unsigned int saved_;
#elif defined( __aarch64__ )
  FlushSubnormals()
  {
    asm volatile( "mrs %0, fpcr" : "=r"( saved_ ) );
    asm volatile( "msr fpcr, %0" ::"r"( saved_ | ( 1ull << 24 ) ) ); // FZ
  }
  ~FlushSubnormals() { asm volatile( "msr fpcr, %0" ::"r"( saved_ ) ); }

private:
  unsigned long long saved_ = 0;
#else
#error "neuromodels does not know how to flush subnormal numbers on this processor"
#endif
  FlushSubnormals( const FlushSubnormals& ) = delete;
  FlushSubnormals& operator=( const FlushSubnormals& ) = delete;
};

} // namespace neuromodels
