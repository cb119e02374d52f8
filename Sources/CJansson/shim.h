// Jansson's reference counting and iteration are macros or inline functions; Swift sees only functions.
#pragma once
#include <jansson.h>

static inline void mcp_json_decref(json_t *value) { json_decref(value); }
static inline int mcp_json_typeof(const json_t *value) { return (int)json_typeof(value); }
