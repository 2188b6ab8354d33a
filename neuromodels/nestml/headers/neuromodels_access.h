/* Weights of connections, and variables of neurons and connections, at memory speed.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "connection_manager.h"
#include "connector_base.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_delivery.h"
#include "neuromodels_inputs.h"
#include "neuromodels_reveal.h"
#include "node_manager.h"

namespace neuromodels
{

/* What is private of NEST: the registration of one variant of a connection model (the public call always
 * instantiates three, which adds 40 % to the compile time), the connectors of a thread, and the
 * connections inside a connector (reading 200 000 weights through the public interface takes seconds). */
struct ConnectorsTag
{
  friend constexpr auto reveal( ConnectorsTag );
};
template struct Reveal< ConnectorsTag, &nest::ConnectionManager::connections_ >;

template < typename ConnectionT >
struct ConnectionsTag
{
  friend constexpr auto reveal( ConnectionsTag );
};

template < typename ConnectionT >
struct RegisterTag
{
  friend constexpr auto reveal( RegisterTag );
};

/* What `weight_sums` gives for each thread. */
struct WeightSums
{
  double n = 0.0;
  double first = 0.0;   //!< the first weight
  double sum = 0.0;     //!< of differences from it, which cancel less than weights do
  double squares = 0.0; //!< of these differences
  double smallest = HUGE_VAL;
  double largest = -HUGE_VAL;
};

/* Sums over the connections of synapse model `syn_id`, for each of up to `capacity` threads of this
 * rank; returns how many threads there are.  Added up in the order of virtual processes, they do not
 * depend on how these are split over ranks and threads. */
template < typename ConnectionT >
long
weight_sums( const long syn_id, const long capacity, WeightSums* sums )
{
  long threads = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    WeightSums of;
    if ( syn_id < static_cast< long >( connectors.size() ) and connectors[ syn_id ] )
    {
      auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
      for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
      {
        const double w = connection.get_weight();
        of.first = of.n == 0.0 ? w : of.first;
        const double difference = w - of.first;
        of.n += 1.0;
        of.sum += difference;
        of.squares += difference * difference;
        of.smallest = w < of.smallest ? w : of.smallest;
        of.largest = w > of.largest ? w : of.largest;
      }
    }
    if ( threads < capacity )
    {
      sums[ threads ] = of;
    }
    ++threads;
  }
  return threads;
}

/* Copies the weight and the target of every local connection of synapse model `syn_id`, up to
 * `capacity` of them, in the kernel's order; returns how many there are. */
template < typename ConnectionT >
long
copy_weights( const long syn_id, const long capacity, double* weights, long* targets )
{
  long n = 0;
  size_t tid = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    if ( syn_id < static_cast< long >( connectors.size() ) and connectors[ syn_id ] )
    {
      auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
      for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
      {
        if ( n < capacity )
        {
          weights[ n ] = connection.get_weight();
          targets[ n ] = static_cast< long >( connection.get_target( tid )->get_node_id() );
        }
        ++n;
      }
    }
    ++tid;
  }
  return n;
}

/* A variable of a neuron or a connection; `set` is null where it can only be read. */
template < typename T >
struct Variable
{
  const char* name;
  double ( *get )( const T& );
  void ( *set )( T&, double );
};

template < typename T >
const Variable< T >*
find_variable( const std::vector< Variable< T > >& variables, const char* name, const bool set )
{
  for ( const auto& variable : variables )
  {
    if ( std::strcmp( variable.name, name ) == 0 and ( variable.set or not set ) )
    {
      return &variable;
    }
  }
  return nullptr;
}

template < typename T >
void
access_value( const Variable< T >& variable, T& owner, const bool set, double& value )
{
  if ( set )
  {
    variable.set( owner, value );
  }
  else
  {
    value = variable.get( owner );
  }
}

//! Whether a model says which values its variables may have.
template < typename T >
constexpr bool has_constraints = requires( const T& owner ) { owner.check_constraints(); };

//! Whether an object would accept a value; it is as it was afterwards.
template < typename T >
bool
accepts( const Variable< T >& variable, T& owner, const double value )
{
  const double before = variable.get( owner );
  variable.set( owner, value );
  bool accepted = true;
  try
  {
    owner.check_constraints();
  }
  catch ( const nest::BadProperty& )
  {
    accepted = false;
  }
  variable.set( owner, before );
  return accepted;
}

/* Reads or writes a variable of every local connection of synapse model `syn_id`, in the kernel's
 * order, up to `capacity` of them.  Returns how many there are, -1 if there is no such variable, or -2 if
 * the model does not allow a value; nothing is written then. */
template < typename ConnectionT >
long
access_connections( const std::vector< Variable< ConnectionT > >& variables,
  const char* name,
  const bool set,
  const long syn_id,
  const long capacity,
  double* values )
{
  const auto* variable = find_variable( variables, name, set );
  if ( not variable )
  {
    return -1;
  }
  if constexpr ( has_constraints< ConnectionT > )
  {
    long i = 0;
    for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
    {
      if ( not set or syn_id >= static_cast< long >( connectors.size() ) or not connectors[ syn_id ] )
      {
        continue;
      }
      auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
      for ( auto& connection : connector.*reveal( ConnectionsTag< ConnectionT >() ) )
      {
        if ( i < capacity and not accepts( *variable, connection, values[ i ] ) )
        {
          return -2;
        }
        ++i;
      }
    }
  }
  long n = 0;
  size_t tid = 0;
  for ( auto& connectors : nest::kernel().connection_manager.*reveal( ConnectorsTag() ) )
  {
    const size_t thread = tid++;
    if ( syn_id >= static_cast< long >( connectors.size() ) or not connectors[ syn_id ] )
    {
      continue;
    }
    auto& connector = static_cast< nest::Connector< ConnectionT >& >( *connectors[ syn_id ] );
    auto& connections = connector.*reveal( ConnectionsTag< ConnectionT >() );
    const long size = connections.size();
    if ( capacity <= n )
    {
      n += size;
      continue;
    }
    if constexpr ( requires { ConnectionT::WEIGHT; } )
    {
      double* weights = Rows< ConnectionT >::of( thread, syn_id ).whole( connections );
      if ( weights and n + size <= capacity and std::strcmp( name, ConnectionT::WEIGHT ) == 0 )
      {
        std::copy_n( set ? values + n : weights, size, set ? weights : values + n );
        n += size;
        continue;
      }
    }
    for ( auto& connection : connections )
    {
      if ( n < capacity )
      {
        access_value( *variable, connection, set, values[ n ] );
      }
      ++n;
    }
  }
  return n;
}

/* Reads (`set` false) or writes a variable of the nodes `ids`, as far as they live on this rank; leaves
 * the entries of `values` that belong to others as they are.  Returns -1 if there is no such variable,
 * or a node is of another model, and -2 if the model does not allow a value; nothing is written then. */
template < typename NeuronT >
long
access_values( const std::vector< Variable< NeuronT > >& variables,
  const char* name,
  const bool set,
  const long n,
  const long* ids,
  double* values )
{
  const auto* variable = find_variable( variables, name, set );
  if ( not variable )
  {
    return -1;
  }
  if constexpr ( has_constraints< NeuronT > )
  {
    for ( long i = 0; set and i < n; ++i )
    {
      auto* neuron = dynamic_cast< NeuronT* >( nest::kernel().node_manager.get_mpi_local_node_or_device_head( ids[ i ] ) );
      if ( neuron and not accepts( *variable, *neuron, values[ i ] ) )
      {
        return -2;
      }
    }
  }
  settings() += set;
  for ( long i = 0; i < n; ++i )
  {
    nest::Node* node = nest::kernel().node_manager.get_mpi_local_node_or_device_head( ids[ i ] );
    if ( node->is_proxy() )
    {
      continue;
    }
    auto* neuron = dynamic_cast< NeuronT* >( node );
    if ( not neuron )
    {
      return -1;
    }
    access_value( *variable, *neuron, set, values[ i ] );
  }
  return n;
}

} // namespace neuromodels
