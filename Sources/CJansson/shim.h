// Jansson's reference counting and iteration are macros or inline functions; Swift sees only functions.
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline void mcp_json_decref(json_t *value) { json_decref(value); }
// Whether one of the bytes is zero.
static inline bool mcp_has_nul(const void *bytes, size_t count) { return count > 0 && memchr(bytes, 0, count); }
static inline int mcp_json_typeof(const json_t *value) { return (int)json_typeof(value); }
