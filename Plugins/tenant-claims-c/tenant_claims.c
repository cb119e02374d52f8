/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * A transformer module in C: sets the claim `tenant` to the part of another claim before or after a separator. Any
 * `tenant` of the token is removed, so that only this module decides.
 *
 * Jansson parses and checks the claims, but does not write them again: it would change numbers with more digits than a
 * `double` has. The new text consists of the members of the old one, byte for byte. */
#include "mcp_auth_module.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#if JANSSON_VERSION_HEX < 0x020800
#error "Jansson 2.8 or later is needed: earlier versions do not keep the order of members"
#endif

#define MAX_CLAIMS_BYTES 65536

typedef struct {
    const mcp_auth_host *host;
    json_t *config; /* the texts belong to it */
    const char *from;
    const char *separator;
    int is_after;
    int is_required;
} tenant_instance;

/* Whether a UTF-8 text is one character. */
static int is_character(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count == 1;
}

/* Reads the configuration into `self`. Returns its first mistake, or NULL. */
static const char *configure(tenant_instance *self, const char *config_json, size_t config_length) {
    const char *take = "before";
    self->from = "sub";
    self->separator = "|";
    self->config = json_loadb(config_json, config_length, JSON_REJECT_DUPLICATES, NULL);
    if (json_unpack_ex(self->config, NULL, JSON_STRICT, "{s?s, s?s, s?s, s?b}", "from", &self->from, "separator",
                       &self->separator, "take", &take, "required", &self->is_required) != 0)
        return "`from`, `separator` and `take` must be strings without \\u0000, and `required` true or false";
    if (!is_character(self->separator)) return "`separator` must be one character";
    self->is_after = strcmp(take, "after") == 0;
    if (!self->is_after && strcmp(take, "before") != 0) return "`take` must be `before` or `after`";
    return NULL;
}

static void tenant_destroy(void *instance) {
    tenant_instance *self = instance;
    json_decref(self->config);
    free(self);
}

static int32_t tenant_create(const mcp_auth_host *host, const char *config_json, size_t config_length,
                             void **instance) {
    tenant_instance *self = calloc(1, sizeof *self);
    if (self == NULL) return 1;
    self->host = host;
    const char *mistake = configure(self, config_json, config_length);
    if (mistake != NULL) {
        host->log(host, MCP_AUTH_LOG_ERROR, mistake, strlen(mistake));
        tenant_destroy(self);
        return 1;
    }
    *instance = self;
    return 0;
}

/* Sets `text` to the tenant as JSON text, which the caller frees, or to NULL when there is none. An empty part is none,
 * since a policy could take it for a tenant. Returns 0, or -1 when there is no memory. */
static int find_tenant(const tenant_instance *self, const json_t *claims, char **text) {
    const char *value = json_string_value(json_object_get(claims, self->from));
    const char *found = value == NULL ? NULL : strstr(value, self->separator);
    *text = NULL;
    if (found == NULL) return 0;
    const char *start = self->is_after ? found + strlen(self->separator) : value;
    size_t length = self->is_after ? strlen(start) : (size_t)(found - value);
    if (length == 0) return 0;
    json_t *tenant = json_stringn(start, length);
    if (tenant != NULL) *text = json_dumps(tenant, JSON_ENCODE_ANY);
    json_decref(tenant);
    return *text == NULL ? -1 : 0;
}

/* These walk through a text that Jansson has accepted, so it has an end for everything that begins. */

static const char *after_space(const char *text) { return text + strspn(text, " \t\r\n"); }

static const char *after_string(const char *text) {
    for (text++; *text != '"'; text++) {
        if (*text == '\\') text++;
    }
    return text + 1;
}

/* The comma or brace that ends the member at `text`. */
static const char *end_of_member(const char *text) {
    for (size_t depth = 0; depth > 0 || (*text != ',' && *text != '}');) {
        if (*text == '"') {
            text = after_string(text);
            continue;
        }
        if (*text == '{' || *text == '[') depth++;
        if (*text == '}' || *text == ']') depth--;
        text++;
    }
    return text;
}

static char *append(char *end, const char *text, size_t length) {
    if (length > 0) memcpy(end, text, length);
    return end + length;
}

/* Writes the members of `text` except `tenant` to `out`, and then the new one, if there is one. Returns the end.
 *
 * The names are those of `claims`, the same object, since a text may write them with escapes: `"ten\u0061nt"`. Jansson
 * keeps the order of the members, and there are no duplicates. */
static char *rewrite(const char *text, json_t *claims, const char *tenant, char *out) {
    const char *member = after_space(text) + 1;
    const char *comma = "";
    const char *name;
    json_t *value;
    out = append(out, "{", 1);
    json_object_foreach(claims, name, value) {
        const char *end = end_of_member(member);
        if (strcmp(name, "tenant") != 0) {
            out = append(out, comma, strlen(comma));
            out = append(out, member, (size_t)(end - member));
            comma = ",";
        }
        member = end + 1;
    }
    if (tenant != NULL) {
        out = append(out, comma, strlen(comma));
        out = append(out, "\"tenant\":", strlen("\"tenant\":"));
        out = append(out, tenant, strlen(tenant));
    }
    return append(out, "}", 1);
}

/* Returns a reason to refuse the token, or NULL after `give`. */
static const char *transform(const tenant_instance *self, const char *text, size_t length, void *result,
                             void (*give)(void *result, mcp_auth_bytes claims_json)) {
    const char *reason = NULL;
    /* Jansson overlooks a zero byte after a number, and the functions above stop at it. */
    if (strlen(text) != length) return "the claims contain a zero byte";
    json_t *claims = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(claims)) {
        json_decref(claims);
        return "the claims are no JSON object that Jansson can represent";
    }
    char *tenant = NULL;
    char *out = NULL;
    if (find_tenant(self, claims, &tenant) != 0) {
        reason = "there is no memory";
    } else if (tenant == NULL && self->is_required) {
        reason = "there is no tenant";
    } else if ((out = malloc(length + sizeof ",\"tenant\":" + (tenant == NULL ? 0 : strlen(tenant)))) == NULL) {
        reason = "there is no memory";
    } else {
        mcp_auth_bytes changed = {out, (size_t)(rewrite(text, claims, tenant, out) - out)};
        if (changed.length > MAX_CLAIMS_BYTES) {
            reason = "the claims are too long";
        } else {
            give(result, changed);
        }
    }
    free(out);
    free(tenant);
    json_decref(claims);
    return reason;
}

static int32_t tenant_transform(void *instance, const mcp_auth_claims *claims, void *result,
                                void (*give)(void *result, mcp_auth_bytes claims_json)) {
    const tenant_instance *self = instance;
    const char *reason = "there is no memory";
    /* A copy with a zero at its end, which the claims do not have. */
    char *text = malloc(claims->claims_json.length + 1);
    if (text != NULL) {
        *append(text, claims->claims_json.data, claims->claims_json.length) = 0;
        reason = transform(self, text, claims->claims_json.length, result, give);
        free(text);
    }
    if (reason == NULL) return 0;
    /* At the lowest level, because a client can cause it; without claim values. */
    self->host->log(self->host, MCP_AUTH_LOG_DEBUG, reason, strlen(reason));
    return 1;
}

static const mcp_auth_transformer transformer = {
    .struct_size = sizeof(mcp_auth_transformer),
    .name = "tenant-claims",
    .config_schema_json =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"from\":{\"type\":\"string\",\"minLength\":1,\"default\":\"sub\","
        "\"description\":\"The claim that contains the tenant\"},"
        "\"separator\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1,\"default\":\"|\","
        "\"description\":\"The character before or after which the tenant is\"},"
        "\"take\":{\"enum\":[\"before\",\"after\"],\"default\":\"before\","
        "\"description\":\"The part that is the tenant\"},"
        "\"required\":{\"type\":\"boolean\",\"default\":false,"
        "\"description\":\"Whether a token without a tenant is refused\"}}}",
    .create = tenant_create,
    .destroy = tenant_destroy,
    .transform = tenant_transform,
};

static const mcp_auth_transformer *const transformers[] = {&transformer};

static const mcp_auth_module module = {
    .magic = MCP_AUTH_MODULE_MAGIC,
    .struct_size = sizeof(mcp_auth_module),
    .abi_major = MCP_AUTH_ABI_MAJOR,
    .abi_minor = MCP_AUTH_ABI_MINOR,
    .name = "tenant-claims",
    .version = "1.0.0",
    .transformers = transformers,
    .transformer_count = 1,
};

const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
