/* Emission of spikes.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <cstddef>
#include <vector>

#include "connection_manager.h"
#include "event_delivery_manager_impl.h"
#include "kernel_manager.h"
#include "nest_impl.h"
#include "neuromodels_reveal.h"
#include "target_table_devices.h"

namespace neuromodels
{

struct DevicesTag
{
  friend constexpr auto reveal( DevicesTag );
};
template struct Reveal< DevicesTag, &nest::ConnectionManager::target_table_devices_ >;

struct ToDevicesTag
{
  friend constexpr auto reveal( ToDevicesTag );
};
template struct Reveal< ToDevicesTag, &nest::TargetTableDevices::target_to_devices_ >;

struct SpikeCounterTag
{
  friend constexpr auto reveal( SpikeCounterTag );
};
template struct Reveal< SpikeCounterTag, &nest::EventDeliveryManager::local_spike_counter_ >;

//! Whether a device hears the spikes of a neuron.
inline bool
observed( const nest::Node& node )
{
  const auto& devices = nest::kernel().connection_manager.*reveal( DevicesTag() );
  const auto& connectors = ( devices.*reveal( ToDevicesTag() ) )[ node.get_thread() ];
  const size_t lid = nest::kernel().vp_manager.node_id_to_lid( node.get_node_id() );
  for ( size_t i = 0; lid < connectors.size() and i < connectors[ lid ].size(); ++i )
  {
    if ( connectors[ lid ][ i ] )
    {
      return true;
    }
  }
  return false;
}

/* Send a spike, as nest::EventDeliveryManager::send does, which looks for devices that hear it through
 * synapses of each of a hundred models. */
inline void
emit( nest::Node& node, const bool observed, const long lag )
{
  nest::SpikeEvent event;
  auto& delivery = nest::kernel().event_delivery_manager;
  if ( observed or nest::kernel().connection_manager.connections_have_changed() )
  {
    delivery.send( node, event, lag );
    return;
  }
  ++( delivery.*reveal( SpikeCounterTag() ) )[ node.get_thread() ];
  event.set_sender( node );
  delivery.send_remote( node.get_thread(), event, lag );
}

} // namespace neuromodels
