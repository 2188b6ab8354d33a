/* Inputs of all neurons of a class on a thread.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <bitset>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_emission.h"
#include "neuromodels_memory.h"
#include "neuromodels_order.h"
#include "node_manager.h"

namespace neuromodels
{

//! How often a connection but for its weight, or what it depends on, may have been changed from outside.
inline std::atomic< size_t >&
changes()
{
  static auto& one = *new std::atomic< size_t >( 0 );
  return one;
}

/* What arrives at the spike ports of all neurons of a class on one thread, step by step.  Takes the place
 * of two nest::RingBuffers in each neuron for every port (weights, and whether anything came).  The
 * inputs of a step through a port lie side by side, neuron by neuron: a spike that reaches hundreds of
 * neurons writes into a few pages instead of into as many neurons, and a step without inputs is a byte
 * that is read.
 *
 * NEST delivers the spikes of a slice rank by rank, and thread by thread within a rank, so the order in
 * which three weights are added depends on how virtual processes are split over ranks and threads, and
 * with it the last bit of a plain sum.  What rounding takes away is therefore kept apart (D. E. Knuth,
 * TAOCP 2, section 4.2.2, theorem B) and given back at the end: the sum is that of exact arithmetic,
 * rounded once, in whatever order its terms come. */
class Inputs
{
public:
  //! Where an input of a port is added: one buffer, or another one (with the sign changed) below 0.
  struct Port
  {
    size_t buffer;
    size_t negative; //!< NONE: it has none of its own
  };
  static constexpr size_t NONE = -1;

  //! Add `weight` to `sum`, and what rounding takes away to `lost`.
  static void
  add_to( double& sum, double& lost, const double weight )
  {
    const double before = sum;
    sum = before + weight;
    const double added = sum - before;
    lost += ( before - ( sum - added ) ) + ( weight - added );
  }

  //! The same for each of `more`.
  NEUROMODELS_SEVERAL_AT_ONCE static void
  add_all( double* __restrict sums, double* __restrict lost, const double* __restrict more, const size_t n )
  {
    for ( size_t i = 0; i < n; ++i )
    {
      add_to( sums[ i ], lost[ i ], more[ i ] );
    }
  }

  //! Bits that all of `flags` have.
  NEUROMODELS_SEVERAL_AT_ONCE static unsigned char
  common( const unsigned char* flags, const size_t n )
  {
    unsigned char all = -1;
    for ( size_t i = 0; i < n; ++i )
    {
      all &= flags[ i ];
    }
    return all;
  }

  //! One buffer in one step: the inputs of all neurons.
  struct Slot
  {
    double* sums = nullptr; //!< of weights
    double* lost = nullptr; //!< what rounding took away from them
    unsigned char* flags = nullptr;
    unsigned char flag = 0;

    //! Add factor * weights to the neurons from `first` on.
    void
    add_row( const size_t first, const double* weights, const size_t n, const double factor ) const
    {
      if ( factor == 1.0 and common( flags + first, n ) & flag )
      {
        add_all( sums + first, lost + first, weights, n );
        return;
      }
      for ( size_t i = 0; i < n; ++i )
      {
        add( first + i, weights[ i ] * factor );
      }
    }

    void
    add( const size_t neuron, const double weight ) const
    {
      unsigned char& received = flags[ neuron ];
      if ( not( received & flag ) )
      {
        received |= flag;
        sums[ neuron ] = weight;
        lost[ neuron ] = -0.0; // x + -0.0 is x, for every x
        return;
      }
      add_to( sums[ neuron ], lost[ neuron ], weight );
    }
  };

  /* Those of a neuron class on a thread, for as long as the process lives; made by `make`, which takes a
   * lock. */
  template < typename NeuronT >
  static Inputs&
  of( const size_t tid )
  {
    return *all< NeuronT >[ tid ];
  }

  template < typename NeuronT >
  static Inputs&
  make( const size_t tid )
  {
    while ( all< NeuronT >.size() <= tid )
    {
      all< NeuronT >.push_back( new Inputs() );
    }
    return of< NeuronT >( tid );
  }

  //! Give a neuron its place.
  size_t
  enlist( nest::Node* node, const size_t buffers, std::vector< Port > ports )
  {
    buffers_ = buffers;
    ports_ = std::move( ports );
    nodes_.push_back( node );
    ++alive_;
    if ( steps_ > 0 and nodes_.size() > capacity_ )
    {
      // spikes may come before the kernel initializes it: one by one, so with room for more
      reserve( 2 * nodes_.size() );
    }
    return nodes_.size() - 1;
  }

  //! A neuron has gone; places are given anew when all have.
  void
  leave()
  {
    if ( --alive_ == 0 )
    {
      *this = Inputs();
    }
  }

  nest::Node*
  node( const size_t neuron ) const
  {
    return nodes_[ neuron ];
  }

  const Port&
  port( const size_t number ) const
  {
    return ports_[ number ];
  }

  //! Make room for all neurons and the kernel's delays, unless there is.
  void
  prepare()
  {
    now_ = -1;
    reserve( nodes_.size() );
  }

  //! A buffer in the step of index `step`, see Arrival, in which something comes.
  Slot
  slot( const size_t step, const size_t buffer )
  {
    came_[ step ] = true;
    return at( step, buffer );
  }

  //! Add a spike through port number `number`.
  void
  add( const size_t step, const size_t number, const size_t neuron, const double weight )
  {
    const Port& port = ports_[ number ];
    const bool negative = not( weight >= 0.0 ) and port.negative != NONE;
    slot( step, negative ? port.negative : port.buffer ).add( neuron, negative ? -weight : weight );
  }

  //! One step of a slice: all inputs, and conditions of time.
  struct Step
  {
    const double* cells;
    unsigned char* flags;
    unsigned char* taken;
    size_t capacity;
    unsigned long conditions;
    bool idle; //!< no neuron has anything to do

    //! Whether a condition, as far as it is one of time, holds.
    bool
    holds( const size_t condition ) const
    {
      return conditions >> condition & 1;
    }

    //! Move what came for a neuron to `sums`, which holds the step before; says what came.
    template < size_t N >
    std::bitset< N >
    take( const size_t neuron, std::array< double, N >& sums ) const
    {
      constexpr size_t groups = ( N + 7 ) / 8;
      std::bitset< N > received;
      unsigned char* came = flags + neuron;
      unsigned char any = 0;
      for ( size_t group = 0; group < groups; ++group )
      {
        any |= came[ group * capacity ];
      }
      if ( not any )
      {
        if ( taken[ neuron ] )
        {
          sums.fill( 0.0 );
          taken[ neuron ] = false;
        }
        return received;
      }
      taken[ neuron ] = true;
      sums.fill( 0.0 );
      for ( size_t group = 0; group < groups; ++group )
      {
        for ( unsigned left = came[ group * capacity ]; left; left &= left - 1 )
        {
          const size_t buffer = 8 * group + std::countr_zero( left );
          const double* sum = cells + 2 * buffer * capacity + neuron;
          received[ buffer ] = true;
          sums[ buffer ] = sum[ 0 ] + sum[ capacity ];
        }
      }
      for ( size_t group = 0; group < groups; ++group )
      {
        came[ group * capacity ] = 0;
      }
      return received;
    }
  };

  /* The steps of a slice, by lag; `look` says which conditions of time hold in one, and `may` which of
   * them can ever hold for a neuron, with the parameters that it has.  A class that `rests` does nothing
   * without them and without inputs. */
  template < typename Look, typename May >
  const Step*
  steps( const long from, const long to, const long origin, const bool rests, const Look& look, const May& may )
  {
    if ( origin + from == now_ )
    {
      return slice_.data(); // for others of the class, which do not follow each other
    }
    now_ = origin + from;
    const size_t set = settings();
    if ( set != set_ )
    {
      set_ = set;
      possible_ = order_.any( may );
    }
    slice_.resize( to );
    for ( long lag = from; lag < to; ++lag )
    {
      const size_t step = nest::kernel().event_delivery_manager.get_modulo( lag );
      const unsigned long conditions = look( lag ) & possible_;
      slice_[ lag ] = { cells_.data() + 2 * step * buffers_ * capacity_,
        flags_.data() + step * groups() * capacity_,
        taken_.data(),
        capacity_,
        conditions,
        rests and conditions == 0 and not came_[ step ] };
      came_[ step ] = false;
    }
    return slice_.data();
  }

  //! Whether no neuron has anything to do in any of some steps.
  static bool
  idle( const Step* first, const Step* last )
  {
    return std::all_of( first, last, []( const Step& step ) { return step.idle; } );
  }

  Order&
  order()
  {
    return order_;
  }

private:
  // never destroyed: neurons may live longer than what is static in their module
  template < typename NeuronT >
  static inline std::vector< Inputs* > all;

  Slot
  at( const size_t step, const size_t buffer )
  {
    double* sums = cells_.data() + 2 * ( step * buffers_ + buffer ) * capacity_;
    return { sums,
      sums + capacity_,
      flags_.data() + ( step * groups() + buffer / 8 ) * capacity_,
      static_cast< unsigned char >( 1 << buffer % 8 ) };
  }

  void
  reserve( const size_t neurons )
  {
    const auto& delays = nest::kernel().connection_manager;
    const size_t steps = delays.get_min_delay() + delays.get_max_delay();
    if ( neurons <= capacity_ and steps == steps_ )
    {
      return;
    }
    // lines of 64 bytes, an odd number of them: in all steps and ports the same neuron's would otherwise
    // claim the same place of a cache
    Inputs larger;
    larger.buffers_ = buffers_;
    larger.steps_ = steps;
    larger.capacity_ = 8 * ( ( std::max( neurons, capacity_ ) + 7 ) / 8 | 1 );
    larger.cells_.resize( 2 * larger.capacity_ * steps * buffers_ );
    larger.flags_.resize( larger.capacity_ * steps * groups() );
    for ( size_t step = 0; step < std::min( steps, steps_ ); ++step )
    {
      for ( size_t buffer = 0; buffer < buffers_; ++buffer )
      {
        const Slot from = at( step, buffer );
        const Slot to = larger.at( step, buffer );
        std::copy_n( from.sums, capacity_, to.sums );
        std::copy_n( from.lost, capacity_, to.lost );
        std::copy_n( from.flags, capacity_, to.flags );
      }
    }
    cells_.swap( larger.cells_ );
    flags_.swap( larger.flags_ );
    taken_.resize( larger.capacity_ );
    came_.assign( steps, true );
    capacity_ = larger.capacity_;
    steps_ = steps;
  }

  size_t
  groups() const
  {
    return ( buffers_ + 7 ) / 8;
  }

  std::vector< double > cells_;        // step, buffer, sum and what it has lost, neuron
  std::vector< unsigned char > flags_; // step, eight buffers, neuron
  std::vector< unsigned char > taken_; // neuron: whether something came in the last step
  std::vector< unsigned char > came_;  // step: whether something came for any neuron
  size_t capacity_ = 0;                // neurons
  size_t steps_ = 0;
  size_t buffers_ = 0;
  size_t alive_ = 0;
  std::vector< Port > ports_;
  std::vector< nest::Node* > nodes_;
  std::vector< Step > slice_; // by lag
  long now_ = -1;             // its first step
  unsigned long possible_ = 0; // conditions
  size_t set_ = -1;            // settings when they were found out
  Order order_;
};

/* A neuron of neuromodels as a target of spikes, for synapses of whatever module. */
class Receiver
{
public:
  //! Where its inputs are; gives it a place at the first call, which is on its own thread.
  Inputs&
  inputs()
  {
    if ( not inputs_ )
    {
      enlist();
    }
    return *inputs_;
  }

  //! Its place among them.
  size_t
  place() const
  {
    return place_;
  }

protected:
  Receiver() = default;
  //! A copy has inputs of its own.
  Receiver( const Receiver& )
    : Receiver()
  {
  }
  Receiver& operator=( const Receiver& ) = delete;
  ~Receiver()
  {
    if ( inputs_ )
    {
      const std::lock_guard< std::mutex > lock( mutex() );
      inputs_->leave();
    }
  }

  virtual void enlist() = 0;

  template < typename NeuronT >
  void
  enlist_as( NeuronT* neuron, const size_t buffers, std::vector< Inputs::Port > ports )
  {
    const std::lock_guard< std::mutex > lock( mutex() );
    inputs_ = &Inputs::make< NeuronT >( neuron->get_thread() );
    place_ = inputs_->enlist( neuron, buffers, std::move( ports ) );
  }

  /* Make room; not for the prototype of a model, which is no node.  All neurons of the class on the
   * thread get their places at once, so that there is room for as many as there are. */
  template < typename NeuronT >
  void
  prepare_inputs( const NeuronT& node )
  {
    if ( node.get_node_id() == 0 )
    {
      return;
    }
    inputs().order().template take_down< NeuronT >( node.get_thread() );
    inputs().prepare();
    observed_ = neuromodels::observed( node );
    changes() += nest::kernel().connection_manager.connections_have_changed(); // they are sorted next
    ++settings();
  }

  //! Its class is as frozen as the user has said.
  void
  show() const
  {
    if ( inputs_ )
    {
      inputs_->order().show();
    }
  }

  //! Whether a device hears its spikes.
  bool
  is_observed() const
  {
    return observed_;
  }

private:
  static std::mutex&
  mutex()
  {
    static auto& one = *new std::mutex();
    return one;
  }

  Inputs* inputs_ = nullptr;
  size_t place_ = 0;
  bool observed_ = true;
};

} // namespace neuromodels
