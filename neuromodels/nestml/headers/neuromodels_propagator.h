/* Propagators of linear equations where a formula of theirs is 0 / 0, or close to it.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>

#include "exceptions.h"

namespace neuromodels
{

/* The value of `formula`, which calls its argument with each of its parameters and their number.
 *
 * Two time constants that are equal make most formulas 0 / 0; two that are nearly equal lose digits.  The
 * limit exists.  An analytic function is the mean of its values on a circle around a point, so each
 * parameter p is moved on a circle of its own, p (1 + r z), |z| = 1, with a radius r that no other has, and
 * the formula is evaluated where no two parameters are equal.  What the formula gives itself is kept
 * wherever the two agree, and where the moments of z show a pole that is no 0 / 0.
 *
 * Throws nest::BadProperty if there is no finite value. */
template < typename Formula >
double
propagator( const Formula& formula, const char* const name )
{
  using Complex = std::complex< double >;
  constexpr int n = 8; // in the upper half of the plane; the lower half has the conjugate values

  const double direct = formula( []( const double value, int ) { return value; } );
  double mean = 0.0, first = 0.0, second = 0.0, largest = 0.0;
  for ( int k = 0; k < n; ++k )
  {
    const Complex z = std::polar( 1.0, M_PI * ( k + 0.5 ) / n );
    const Complex value = formula( [ z ]( const double centre, const int i )
      { return centre * ( 1.0 + ( 0.05 + 0.1 * std::fmod( 0.618 * i, 1.0 ) ) * z ); } );
    mean += value.real() / n;
    first += ( value * z ).real() / n;
    second += ( value * z * z ).real() / n;
    largest = std::max( largest, std::abs( value ) );
  }
  const bool analytic = std::max( std::abs( first ), std::abs( second ) ) <= 1e-9 * largest;
  if ( std::isfinite( mean ) and analytic and not( std::abs( direct - mean ) <= 1e-9 * largest )
    and not std::isinf( direct ) )
  {
    return mean;
  }
  if ( not std::isfinite( direct ) )
  {
    throw nest::BadProperty( std::string( "these parameters have no finite propagator " ) + name );
  }
  return direct;
}

} // namespace neuromodels
