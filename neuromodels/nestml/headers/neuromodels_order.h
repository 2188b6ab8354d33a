/* In which order the neurons of a class are updated.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "exceptions.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_reveal.h"
#include "node_manager.h"

namespace neuromodels
{

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
    bool leads = false;
    bool hidden = false;
    bool frozen = false; //!< by the user; known of one that leads or is hidden
  };

  //! Those of a class on a thread, unless they are known; nothing has been updated.
  template < typename NeuronT >
  void
  take_down( const size_t tid )
  {
    from_ = -1;
    show();
    const auto& local = nest::kernel().node_manager.get_local_nodes( tid );
    if ( local.size() == local_ )
    {
      return;
    }
    local_ = local.size();
    members_.clear();
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

  //! Whether a neuron has been updated in a slice.
  bool
  done( const nest::Node& node, const nest::Time& origin, const long from ) const
  {
    return node.get_node_id() <= done_ and from_ == from and origin_ == origin.get_tics();
  }

  //! A neuron that has not been, and those that follow it: they are updated next.
  std::pair< const Member*, const Member* >
  next( const nest::Node& node, const nest::Time& origin, const long from )
  {
    if ( from_ != from or origin_ != origin.get_tics() )
    {
      from_ = from;
      origin_ = origin.get_tics();
      next_ = 0;
    }
    while ( next_ < members_.size() and members_[ next_ ].node != &node )
    {
      ++next_; // frozen
    }
    if ( next_ == members_.size() )
    {
      throw nest::KernelException( "neurons that are created after Prepare cannot be simulated before the next one" );
    }
    const size_t first = next_;
    next_ = members_[ first ].end;
    done_ = members_[ next_ - 1 ].node->get_node_id();
    if ( not members_[ first ].leads )
    {
      hide( first, next_ );
    }
    return { members_.data() + first, members_.data() + next_ };
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
      member.leads = member.hidden = false;
    }
  }

  //! Somebody records from one of them.
  void
  log()
  {
    logs_ = true;
  }

  bool
  logs() const
  {
    return logs_;
  }

private:
  //! Those after the first, which leads, need no calls.
  void
  hide( const size_t first, const size_t end )
  {
    hides_ = true;
    members_[ first ].leads = true;
    members_[ first ].frozen = false;
    for ( size_t i = first + 1; i < end; ++i )
    {
      members_[ i ].hidden = true;
      members_[ i ].frozen = members_[ i ].node->is_frozen();
      members_[ i ].node->*reveal( FrozenTag() ) = true;
    }
  }

  std::vector< Member > members_; // by node ID
  size_t local_ = 0;              // nodes on the thread when they were taken down
  long from_ = -1;                // slice of the last update
  nest::tic_t origin_ = 0;
  size_t next_ = 0;
  size_t done_ = 0; // node ID up to which all are updated
  bool hides_ = false;
  bool logs_ = false;
};

} // namespace neuromodels
