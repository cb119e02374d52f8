// Jansson's reference counting and iteration are macros or inline functions; Swift sees only functions.
#pragma once
#include <jansson.h>

static inline void mcp_json_decref(json_t *value) { json_decref(value); }
static inline int mcp_json_typeof(const json_t *value) { return (int)json_typeof(value); }

/// Whether an error is about an escape that is not a character, such as a lone surrogate; Jansson has no code for it.
static inline int mcp_json_is_about_unicode(const json_error_t *error)
{
    const char *start = "invalid Unicode";
    for (int i = 0; start[i]; i++)
        if (error->text[i] != start[i]) return 0;
    return 1;
}

/// Whether a text was refused because of a value that Jansson cannot represent.
static inline int mcp_json_is_about_representation(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_character
        || code == json_error_null_byte_in_key || mcp_json_is_about_unicode(error);
}
