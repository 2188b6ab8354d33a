/* In which order the neurons of a class are updated.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <unordered_set>
#include <utility>
#include <vector>

#include "exceptions.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_reveal.h"
#include "node_manager.h"

namespace neuromodels
{

//! How often a neuron has been set from outside.
inline std::atomic< size_t >&
settings()
{
  static auto& one = *new std::atomic< size_t >( 0 );
  return one;
}

struct FrozenTag
{
  friend constexpr auto reveal( FrozenTag );
};
template struct Reveal< FrozenTag, &nest::Node::frozen_ >;

/* Neurons of a class that follow each other in the kernel's order are updated one after the other by the
 * call for the first of them: half of a small neuron's time goes into what is the same for all.  So the
 * order remains that of the kernel, in which its neurons draw random numbers.
 *
 * The kernel calls every node in every slice, but for frozen ones; so those that follow are marked as
 * frozen while it simulates, which takes a fifth of the time away.  Whoever asks a neuron for its status,
 * or sets it, asks for them to be `show`n as they are. */
class Order
{
public:
  struct Member
  {
    nest::Node* node;
    size_t place; //!< among the inputs of its class
    size_t end;   //!< of those that follow each other
    bool hidden;
    bool frozen; //!< one that is hidden: by the user
    bool logs;   //!< somebody records from it
  };

  //! Those of a class on a thread, unless they are known.
  template < typename NeuronT >
  void
  take_down( const size_t tid )
  {
    show();
    const auto& local = nest::kernel().node_manager.get_local_nodes( tid );
    if ( local.size() == local_ )
    {
      return;
    }
    local_ = local.size();
    all_marked_ = false;
    members_.clear();
    next_ = 0;
    size_t first = 0;
    const auto close = [ & ]
    {
      for ( ; first < members_.size(); ++first )
      {
        members_[ first ].end = members_.size();
      }
    };
    for ( auto it = local.begin(); it != local.end(); ++it )
    {
      if ( auto* neuron = dynamic_cast< NeuronT* >( it->get_node() ) )
      {
        neuron->inputs();
        members_.push_back( { neuron, neuron->place(), 0, false, false, false } );
      }
      else
      {
        close();
      }
    }
    close();
  }

  //! A neuron that the kernel calls, and those that follow it: they are updated now.
  std::pair< const Member*, const Member* >
  next( const nest::Node& node )
  {
    const auto is_node = [ & ]( const Member& member ) { return member.node == &node; };
    // those between the last ones and this neuron are frozen; or a slice begins
    auto first = std::find_if( members_.begin() + next_, members_.end(), is_node );
    if ( first == members_.end() )
    {
      first = std::find_if( members_.begin(), members_.end(), is_node );
    }
    if ( first == members_.end() )
    {
      throw nest::KernelException( "neurons that are created after Prepare cannot be simulated before the next one" );
    }
    if ( not all_marked_ )
    {
      mark();
    }
    next_ = first->end;
    hide( first - members_.begin() + 1, next_ );
    return { &*first, members_.data() + next_ };
  }

  //! What any of them `may`, as bits.
  template < typename May >
  unsigned long
  any( const May& may ) const
  {
    unsigned long bits = 0;
    for ( const Member& member : members_ )
    {
      bits |= may( member.node );
    }
    return bits;
  }

  //! All are as frozen as the user has said.
  void
  show()
  {
    if ( not hides_ )
    {
      return;
    }
    hides_ = false;
    for ( Member& member : members_ )
    {
      if ( member.hidden )
      {
        member.node->*reveal( FrozenTag() ) = member.frozen;
      }
      member.hidden = member.frozen = false;
    }
  }

  //! Somebody records from a neuron.
  void
  log( const nest::Node* node )
  {
    logged_.insert( node );
    all_marked_ = false;
  }

  //! Call `f` with those of a run that somebody records from.
  template < typename F >
  void
  for_logged( const std::pair< const Member*, const Member* >& run, const F& f ) const
  {
    for ( const size_t i : logging_ )
    {
      if ( run.first <= &members_[ i ] and &members_[ i ] < run.second )
      {
        f( members_[ i ] );
      }
    }
  }

private:
  void
  mark()
  {
    all_marked_ = true;
    logging_.clear();
    for ( size_t i = 0; i < members_.size(); ++i )
    {
      members_[ i ].logs = logged_.count( members_[ i ].node );
      if ( members_[ i ].logs )
      {
        logging_.push_back( i );
      }
    }
  }

  //! Members that need no calls, unless they are hidden.
  void
  hide( size_t begin, const size_t end )
  {
    for ( ; begin < end and not members_[ begin ].hidden; ++begin )
    {
      hides_ = members_[ begin ].hidden = true;
      members_[ begin ].frozen = members_[ begin ].node->is_frozen();
      members_[ begin ].node->*reveal( FrozenTag() ) = true;
    }
  }

  std::vector< Member > members_; // by node ID
  size_t local_ = 0;              // nodes on the thread when they were taken down
  size_t next_ = 0;               // after those that were updated last
  std::unordered_set< const nest::Node* > logged_;
  std::vector< size_t > logging_; // members that are
  bool all_marked_ = false;
  bool hides_ = false;
};

} // namespace neuromodels
