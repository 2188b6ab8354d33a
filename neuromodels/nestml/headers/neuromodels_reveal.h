/* Access to private members of NEST's classes.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

namespace neuromodels
{

/* An explicit instantiation may name private members ([temp.spec.general]), and hands them on through a
 * friend, which is found by its tag. */
template < typename Tag, auto Member >
struct Reveal
{
  friend constexpr auto
  reveal( Tag )
  {
    return Member;
  }
};

} // namespace neuromodels
