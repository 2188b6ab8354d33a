/* Differential equations without an exact solution: Dormand and Prince's Runge-Kutta method of order
 * five with adaptive steps, from Boost.Odeint.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <array>
#include <cmath>
#include <string>

#include <boost/numeric/odeint/stepper/controlled_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>

#include "exceptions.h"

namespace neuromodels
{

//! Absolute and relative tolerance of a step, as NESTML's solver has.
constexpr double solver_tolerance = 1e-6;

/* Advance `state` by `duration` (ms) with `derivatives( time, state, change, node )`.
 *
 * Each call tries the whole duration first: nothing is kept from one call to the next, so that a result
 * depends on the state alone.  Throws nest::NumericalInstability instead of returning a number that is not
 * finite. */
template < std::size_t n, typename Derivatives >
void
integrate( const Derivatives derivatives, double* const state, const double duration, void* const node, const std::string& name )
{
  namespace odeint = boost::numeric::odeint;
  using State = std::array< double, n >;
  using Stepper = odeint::runge_kutta_dopri5< State >;
  using Checker = odeint::default_error_checker< double, odeint::array_algebra, odeint::default_operations >;

  odeint::controlled_runge_kutta< Stepper, Checker > stepper( Checker( solver_tolerance, solver_tolerance, 1.0, 0.0 ) );
  const auto system = [ = ]( const State& x, State& change, const double time )
  { derivatives( time, x.data(), change.data(), node ); };

  State x;
  std::copy( state, state + n, x.begin() );
  double time = 0.0;
  double step = duration;
  while ( time < duration )
  {
    step = std::min( step, duration - time );
    const double end = step == duration - time ? duration : time + step;
    if ( stepper.try_step( system, x, time, step ) == odeint::success )
    {
      time = end;
    }
    else if ( not( step > 1e-12 * duration ) )
    {
      throw nest::NumericalInstability( name );
    }
  }
  for ( std::size_t i = 0; i < n; ++i )
  {
    if ( not std::isfinite( x[ i ] ) )
    {
      throw nest::NumericalInstability( name );
    }
    state[ i ] = x[ i ];
  }
}

} // namespace neuromodels
