/* Memory that is asked for ahead, and arrays.
 *
 * This file is part of neuromodels; GPL-2.0-or-later. */
#pragma once

#include <cstddef>
#include <vector>

namespace neuromodels
{

//! Ask for memory that is read or written soon.
inline void
prefetch( const void* address )
{
#if defined( __GNUC__ )
  __builtin_prefetch( address, 1 );
#endif
}

//! The same for all memory between two addresses.
inline void
prefetch_all( const void* begin, const void* end )
{
  for ( auto* at = static_cast< const char* >( begin ); at < end; at += 64 )
  {
    prefetch( at );
  }
}

/* For a loop over an array: compiled also for processors that do four or eight numbers at once.  Not where a
 * product is added to something, which they would round differently. */
#if defined( __x86_64__ ) and defined( __GLIBC__ ) and defined( __GNUC__ ) and not defined( __clang__ )
#define NEUROMODELS_SEVERAL_AT_ONCE __attribute__( ( target_clones( "avx512f", "avx2", "default" ) ) )
#else
#define NEUROMODELS_SEVERAL_AT_ONCE
#endif

/* The spikes of a neuron that its plastic synapses still have to read: what std::deque does, as far as
 * the generated code needs it, in one piece of memory.  Every delivered spike looks into the history
 * of another neuron, and the pages of a deque cost it two cache misses more. */
template < typename Entry >
class History : private std::vector< Entry >
{
  using Base = std::vector< Entry >;

public:
  using iterator = typename Base::iterator;
  using reverse_iterator = typename Base::reverse_iterator;
  using Base::back;
  using Base::end;
  using Base::push_back;
  using Base::rbegin;

  iterator begin() { return Base::begin() + read_; }
  reverse_iterator rend() { return Base::rend() - read_; }
  Entry& front() { return *begin(); }
  Entry& operator[]( const size_t i ) { return begin()[ i ]; }
  const Entry* last() const { return Base::data() + Base::size() - 1; }
  size_t size() const { return Base::size() - read_; }
  bool empty() const { return size() == 0; }

  void
  clear()
  {
    Base::clear();
    read_ = 0;
  }

  //! Forget the oldest spike; makes room once half of all are forgotten.
  void
  pop_front()
  {
    ++read_;
    if ( 2 * read_ > Base::size() )
    {
      Base::erase( Base::begin(), Base::begin() + read_ );
      read_ = 0;
    }
  }

private:
  size_t read_ = 0;
};

} // namespace neuromodels
