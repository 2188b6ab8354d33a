/* Stands in for libltdl's header, which NEST's module_manager.h includes.  The library itself is
 * inside (or loaded by) NEST; a module only needs the name of the handle type. */
#ifndef NEUROMODELS_LTDL_H
#define NEUROMODELS_LTDL_H
typedef struct lt__handle* lt_dlhandle;
#endif
