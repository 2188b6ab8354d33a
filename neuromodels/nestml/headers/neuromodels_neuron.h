/* What all neurons of neuromodels have in common.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <cstddef>

#include "archiving_node.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "nest_time.h"
#include "neuromodels_inputs.h"
#include "neuromodels_memory.h"
#include "neuromodels_order.h"

namespace neuromodels
{

/* Update the neurons of a class that follow `first` in the kernel's order, `first` among them.  What is
 * the same for all of them (time, place of the inputs, conditions about time) is done once. */
template < typename NeuronT >
inline void
update_all( NeuronT& first, const nest::Time& origin, const long from, const long to )
{
  auto& inputs = Inputs::of< NeuronT >( first.get_thread() );
  const auto look = [ & ]( const long lag ) { return NeuronT::timed( origin, lag ); };
  const auto may = []( const nest::Node* node ) { return static_cast< const NeuronT* >( node )->possible(); };
  const auto* steps = inputs.steps( from, to, origin.get_steps(), NeuronT::RESTS, look, may );
  const auto run = inputs.order().next( first );
  // more than a cache holds: each is larger than what a processor fetches by itself
  const bool many = ( run.second - run.first ) * sizeof( NeuronT ) > ( 1 << 20 );
  const auto update = [ & ]( const Order::Member& neuron )
  {
    if ( not neuron.frozen )
    {
      static_cast< NeuronT* >( neuron.node )->update_one( origin, from, to, neuron.logs, steps, neuron.place );
    }
  };
  if constexpr ( NeuronT::RESTS )
  {
    if ( Inputs::idle( steps + from, steps + to ) )
    {
      inputs.order().for_logged( run, update );
      return;
    }
  }
  for ( const auto* it = run.first; it != run.second; ++it )
  {
    if ( many and run.second - it > 4 )
    {
      const auto* later = static_cast< NeuronT* >( it[ 4 ].node );
      prefetch_all( static_cast< const Receiver* >( later ), later + 1 );
    }
    update( *it );
  }
}

/* A neuron that keeps its spikes until all of its plastic synapses have read them; `StateT` is what they
 * read of it at the time of a spike. */
template < typename StateT >
class SpikeArchive : public nest::ArchivingNode
{
public:
  struct Spike
  {
    double t; //!< ms
    size_t n_reads;
    [[no_unique_address]] StateT state;
  };
  struct Spikes
  {
    typename History< Spike >::iterator begin;
    typename History< Spike >::iterator end;
  };

  //! A synapse will read the spikes after `t_first_read`.
  void
  register_stdp_connection( const double t_first_read, const double delay ) override
  {
    // those before it count as read by it
    const double eps = nest::kernel().connection_manager.get_stdp_eps();
    for ( auto spike = history_.begin(); spike != history_.end() and t_first_read - spike->t > -1.0 * eps; ++spike )
    {
      ++spike->n_reads;
    }
    ++n_incoming_;
    max_delay_ = std::max( delay, max_delay_ );
  }

  //! Spikes after `t1` up to `t2`, which now count as read once more.
  Spikes
  spikes_between( const double t1, const double t2 )
  {
    const double eps = nest::kernel().connection_manager.get_stdp_eps();
    // the last entry is the last spike
    if ( history_.empty() or last_spike_ < t1 + eps )
    {
      return { history_.end(), history_.end() };
    }
    const double t2_lim = t2 + eps;
    const double t1_lim = t1 + eps;
    auto runner = history_.rbegin();
    while ( runner != history_.rend() and runner->t >= t2_lim )
    {
      ++runner;
    }
    const auto end = runner.base();
    while ( runner != history_.rend() and runner->t >= t1_lim )
    {
      ++runner->n_reads;
      ++runner;
    }
    return { runner.base(), end };
  }

  void prefetch_spikes() const { prefetch( &last_spike_ ); }
  void prefetch_history() const { prefetch( history_.last() ); }

protected:
  SpikeArchive() = default;
  //! A copy has spikes of its own.
  SpikeArchive( const SpikeArchive& other )
    : nest::ArchivingNode( other )
    , n_incoming_( other.n_incoming_ )
    , max_delay_( other.max_delay_ )
    , last_spike_( other.last_spike_ )
  {
  }

  bool has_readers() const { return n_incoming_ > 0; }
  double last_spike() const { return last_spike_; }

  void
  archive_spike( const nest::Time& time, const StateT& state )
  {
    set_spiketime( time );
    const double t = time.get_ms();
    if ( n_incoming_ )
    {
      forget_before( t );
      history_.push_back( { t, 0, state } );
    }
    last_spike_ = t;
  }

private:
  /* Forget spikes that all synapses have read, if there is a later one that is further away from the one
   * at `t` than any spike that is still on its way (Potjans et al. 2010). */
  void
  forget_before( const double t )
  {
    const auto& connections = nest::kernel().connection_manager;
    const double reach =
      max_delay_ + nest::Time::delay_steps_to_ms( connections.get_min_delay() ) + connections.get_stdp_eps();
    while ( history_.size() > 1 and history_.front().n_reads >= n_incoming_ and t - history_[ 1 ].t > reach )
    {
      history_.pop_front();
    }
  }

  size_t n_incoming_ = 0;
  double max_delay_ = 0.0;
  double last_spike_ = -1.0;
  History< Spike > history_;
};

} // namespace neuromodels
