/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The C ABI between mcp-auth and its modules, version 1.0. This file is all that a module needs; it is C11 and C++17.
 *
 * A module is a shared library that exports one symbol, `mcp_auth_module_v1`, which returns a pointer to constant data.
 * It offers verifiers, which decide whether a token is genuine, and transformers, which change the claims of genuine
 * tokens. The host creates instances of them: one for each resource or authorization server that uses one, and new ones
 * for each reload of the configuration.
 *
 * Versions. The suffix of the symbol is the ABI major version. Within a major version, structs only grow at their end.
 * `struct_size`, at the start of a struct (in mcp_auth_module after its magic), is the size that its writer knew, and
 * tells its reader which members are present. mcp_auth_bytes and mcp_auth_field never change. All `reserved` members
 * are zero.
 *
 * Ownership. What is passed to a function is borrowed for the call: the other side copies what it keeps. Neither side
 * frees memory of the other. The host table of an instance stays valid until the process ends, so that a late call from
 * a thread of the module is harmless; after `destroy` its functions do nothing.
 *
 * Threads. The host calls `validate`, `create`, `verify`, `cancel`, `destroy` and the `done` of a fetch on threads of its
 * own pool, so they may block; a blocked thread delays only calls of the same instance. There are three exceptions.
 *   - A verifier that is both PURE and REENTRANT runs on the thread that serves the request where the operator allows that
 *     and once some calls in a row were quick, so it must not block.
 *   - `transform` is called like such a verifier; on a thread of the pool, the request waits 1 second for it.
 *   - If no thread of the pool can be started, `destroy` runs on the thread that releases the instance, and `done` on the
 *     thread that received the response.
 * Functions of one instance never run at the same time, unless it is REENTRANT: then `verify`, `cancel` and `done` of
 * different calls may. `transform` of one instance may always run for several tokens at once. `mcp_auth_module_v1` and the constructors of the library run on the thread that loads the
 * configuration, without a time limit; they must not block.
 *
 * A module has all rights of the process that loads it.
 */
#ifndef MCP_AUTH_MODULE_H
#define MCP_AUTH_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MCP_AUTH_MODULE_MAGIC 0x4D434150u /* "MCAP" */
#define MCP_AUTH_ABI_MAJOR 1u
#define MCP_AUTH_ABI_MINOR 0u

#if UINTPTR_MAX < 0xFFFFFFFFFFFFFFFFu
#error "the ABI is for 64-bit platforms"
#endif

/* The sizes of version 1.0, the smallest that any later minor version accepts. */
#define MCP_AUTH_MODULE_SIZE_1_0 64u
#define MCP_AUTH_VERIFIER_SIZE_1_0 72u
#define MCP_AUTH_TRANSFORMER_SIZE_1_0 56u
#define MCP_AUTH_VERDICT_SIZE_1_0 72u
#define MCP_AUTH_HTTP_REQUEST_SIZE_1_0 80u

#if defined(__GNUC__)
#define MCP_AUTH_EXPORT __attribute__((visibility("default")))
#else
#define MCP_AUTH_EXPORT
#endif

/* Flags of a verifier. */
#define MCP_AUTH_VERIFIER_REENTRANT 0x1u       /* its functions may run at the same time for different calls */
#define MCP_AUTH_VERIFIER_PURE 0x2u            /* the verdict depends only on token, configuration and clock */
#define MCP_AUTH_VERIFIER_NEEDS_OPERATION 0x4u /* the body is read before `verify`; see `operation_json` */
#define MCP_AUTH_VERIFIER_NEEDS_ISSUER 0x8u    /* `unverified_issuer` is read from tokens that look like a JWT */

/* Verdicts. Zero decides nothing; it and every unknown value count as unavailable. */
#define MCP_AUTH_VERDICT_NONE 0
#define MCP_AUTH_VERDICT_NOT_MINE 1    /* a token of another kind: the next verifier is asked */
#define MCP_AUTH_VERDICT_ACCEPT 2      /* genuine, with these claims */
#define MCP_AUTH_VERDICT_REJECT 3      /* a token of this kind that is not good: 401 */
#define MCP_AUTH_VERDICT_UNAVAILABLE 4 /* cannot be decided now: 503 */

/* Levels of `log`. */
#define MCP_AUTH_LOG_DEBUG 0
#define MCP_AUTH_LOG_INFO 1
#define MCP_AUTH_LOG_WARNING 2
#define MCP_AUTH_LOG_ERROR 3

/* Bytes without a terminating zero; `data` may be null when `length` is 0. */
typedef struct mcp_auth_bytes {
    const char *data;
    size_t length;
} mcp_auth_bytes;

/* A header field; the name in lower case. */
typedef struct mcp_auth_field {
    mcp_auth_bytes name;
    mcp_auth_bytes value;
} mcp_auth_field;

/* A token to verify. */
typedef struct mcp_auth_request {
    uint32_t struct_size;
    uint32_t field_count;             /* the number of `fields` */
    mcp_auth_bytes resource;          /* the resource identifier */
    mcp_auth_bytes token;             /* without its scheme */
    mcp_auth_bytes scheme;            /* "Bearer" */
    mcp_auth_bytes unverified_issuer; /* with NEEDS_ISSUER, the `iss` of a JWT: a hint, not verified; else empty */
    /* The following, up to `fields`, are empty for a verifier that is PURE: its verdict must not depend on them. */
    mcp_auth_bytes method; /* of the HTTP request */
    mcp_auth_bytes url;    /* of the HTTP request, without its query */
    /* With NEEDS_OPERATION, an array of the MCP messages; else empty. A request or notification is an object with
     * `method` and, if it acts on something named, `name`. A message without a method has `message` instead: `@response`,
     * `@stream` (GET) or `@session-end` (DELETE). `null` if the operation is not known. */
    mcp_auth_bytes operation_json;
    const mcp_auth_field *fields;      /* the fields of the request that `request_fields` names, in their order */
    mcp_auth_bytes client_certificate; /* DER; empty in this version */
    mcp_auth_bytes proof_thumbprint;   /* of the key of a checked DPoP proof; empty in this version */
    int64_t deadline_unix_s;           /* the host does not wait longer; a later verdict is ignored */
    int64_t time_left_ms;              /* the same, from now */
} mcp_auth_request;

/* The verdict of a verifier. */
typedef struct mcp_auth_verdict {
    uint32_t struct_size;
    int32_t kind;
    /* Accept: an object (RFC 7519) in UTF-8 without duplicate names, at most 65536 bytes. `sub` or `client_id` is required,
     * each a non-empty string; `scope` is a string with spaces between the scopes; `iss` is left out, or equal to the
     * issuer that the operator configured; without `aud`, the resource is the audience. */
    mcp_auth_bytes claims_json;
    int64_t not_after_unix_s;       /* accept: expiry, required if the claims have no exp; 0 for none */
    int64_t cache_seconds;          /* accept, PURE: the same token may be accepted again for so long; 0: not at all */
    mcp_auth_bytes reason;          /* a stable code, logged for reject and unavailable; 1024 bytes are read */
    mcp_auth_bytes operator_detail; /* the same for details; never sent to a client */
} mcp_auth_verdict;

/* A request that the host sends for a verifier. A URL has at most 8192 bytes, the name of a field 256, its value 16384. The
 * host itself sets the fields of the connection, `host`, `content-length`, `accept-encoding` and `user-agent`. */
typedef struct mcp_auth_http_request {
    uint32_t struct_size;
    uint32_t field_count;         /* the number of `fields`, at most 32 */
    mcp_auth_bytes url;           /* https (http only to loopback), of a host that the operator lists in `hosts` */
    mcp_auth_bytes method;        /* GET or POST; empty for GET */
    mcp_auth_bytes body;          /* at most 65536 bytes; empty for GET */
    const mcp_auth_field *fields; /* further fields, such as `authorization` and `accept` */
    int64_t timeout_ms;           /* at most the time that the call has left; 0 for all of it */
    int64_t maximum_bytes;        /* of the response body; 0 for 524288, which is also the maximum */
} mcp_auth_http_request;

/* The response. */
typedef struct mcp_auth_http_response {
    uint32_t struct_size;
    int32_t status;       /* 0 if there is no response */
    mcp_auth_bytes body;  /* whole, or the fetch failed */
    mcp_auth_bytes error; /* why there is no response; for logs */
} mcp_auth_http_response;

/* Claims to transform. */
typedef struct mcp_auth_claims {
    uint32_t struct_size;
    uint32_t reserved;
    mcp_auth_bytes issuer; /* the issuer of the token */
    /* An object in UTF-8 without duplicate names, at most 32 levels deep and 262144 bytes long: the claims after the
     * mapping of the issuer, sorted by name. `scope` is an array of strings. A value that the host cannot represent, such
     * as a number beyond 64 bits or a string with U+0000, is written as the number 1e999: keep it, or refuse the token. */
    mcp_auth_bytes claims_json;
} mcp_auth_claims;

/* The functions of the host. `host` is the first argument of every function; all may be called on any thread. */
typedef struct mcp_auth_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    void *context;
    /* Gives the verdict of a call, from any thread, during `verify` or later. The first verdict before the deadline
     * counts; every other one, and one for an unknown call, is ignored. */
    void (*complete)(const struct mcp_auth_host *host, uint64_t call, const mcp_auth_verdict *verdict);
    /* The time of an open call, in seconds since 1970; for any other call the end of the year 9999, at which everything
     * has expired. */
    int64_t (*now_unix_s)(const struct mcp_auth_host *host, uint64_t call);
    /* Copies a top-level string of the instance's configuration, without a terminating zero. Returns its length, or -1
     * when it is absent, not a string, or longer than `capacity`. */
    int64_t (*config_string)(const struct mcp_auth_host *host, mcp_auth_bytes key, char *out, size_t capacity);
    /* Copies a secret that the operator gave to this instance, without a terminating zero. Returns its length, or -1 when
     * it is absent or longer than `capacity`. */
    int64_t (*secret_get)(const struct mcp_auth_host *host, mcp_auth_bytes name, char *out, size_t capacity);
    /* Logs one line for the operator, in UTF-8; only its first 1024 bytes are shown. It must not contain a token or
     * secret. When `create` fails, the last error that it logged is shown as the reason. */
    void (*log)(const struct mcp_auth_host *host, int32_t level, const char *text, size_t length);
    /* Adds a number above 0 to a counter of this instance, which operators see under the names of module and counter. A
     * name has up to 64 letters, digits and underscores; there are up to 64 counters, and the names of others are
     * ignored. */
    void (*count)(const struct mcp_auth_host *host, mcp_auth_bytes name, int64_t by);
    /* Fills `out` with random bytes that are fit for keys. Returns 0, or -1 when `out` is null. If the system has no random bytes,
     * the process ends. */
    int32_t (*random)(const struct mcp_auth_host *host, char *out, size_t count);
    /* Sends a request for an open call, by the rules that hold for all requests of the engine: TLS, addresses, no
     * redirect, one time limit over the whole exchange. Returns 0, and then calls `done` once with the instance and
     * `user_data`, also when the call has ended meanwhile. Returns -1, and does not call `done`, when the request is not
     * allowed (the reason is logged) or the call has ended. At most 4 fetches of a call are under way at once. */
    int32_t (*http_fetch)(const struct mcp_auth_host *host, uint64_t call, const mcp_auth_http_request *request,
                          void *user_data,
                          void (*done)(void *instance, uint64_t call, void *user_data,
                                       const mcp_auth_http_response *response));
} mcp_auth_host;

/* Receives one mistake in a configuration, with a JSON Pointer (RFC 6901) into it and a message. */
typedef void (*mcp_auth_report)(void *report_context, mcp_auth_bytes pointer, mcp_auth_bytes message);

/* A kind of verifier. All pointers except `cancel`, `validate` and `request_fields` must be set. */
typedef struct mcp_auth_verifier {
    uint32_t struct_size;
    uint32_t flags;
    const char *name; /* unique among the verifiers of the module */
    /* JSON Schema of the configuration object, enforced before `validate` and `create`. Plugins/README.md lists the
     * keywords that may be used; a module with any other is refused. A string with `"format": "path"` is a path; the
     * module receives it resolved against the directory of the configuration file. */
    const char *config_schema_json;
    /* Creates an instance; returns 0 on success, and then `destroy` is called once, with whatever pointer `*instance` is,
     * also null. After a failure `destroy` is not called. A `create` that returns after 30 seconds has failed: `destroy` is not called.
     * `config_json` is the checked configuration object, encoded again: paths are resolved, defaults of the schema are
     * not filled in. It has no terminating zero. `config_string` reads the strings in it for modules that have no JSON
     * parser. */
    int32_t (*create)(const mcp_auth_host *host, const char *config_json, size_t config_length, void **instance);
    /* Destroys an instance, once. All of its calls have ended, and no other function of it runs or will run. */
    void (*destroy)(void *instance);
    /* Verifies a token. It must call host->complete once, before it returns or later, from any thread. */
    void (*verify)(void *instance, const mcp_auth_request *request, uint64_t call);
    /* Tells that nobody waits for a call that has no verdict: its deadline has passed, or its client is gone. Runs at
     * most once for a call; if the verifier is REENTRANT, possibly while its `verify` still runs. May be null. */
    void (*cancel)(void *instance, uint64_t call);
    /* Checks for mistakes that the schema cannot find, before `create`. Calls `report` once for each. May be null. */
    void (*validate)(const char *config_json, size_t config_length, void *report_context, mcp_auth_report report);
    /* The names of the request fields that `verify` receives, in lower case, ended by a null pointer, at most 32. May be
     * null. A module that names `authorization`, `proxy-authorization` or `cookie` is refused. */
    const char *const *request_fields;
} mcp_auth_verifier;

/* A kind of transformer. All pointers except `validate` must be set. */
typedef struct mcp_auth_transformer {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name;               /* unique among the transformers of the module */
    const char *config_schema_json; /* as for a verifier */
    int32_t (*create)(const mcp_auth_host *host, const char *config_json, size_t config_length, void **instance);
    void (*destroy)(void *instance);
    /* Transforms the claims of one token. The result must depend on its arguments and the configuration alone, because it
     * is kept. Calls `give` once with the new claims, an object of at most 65536 bytes, and returns 0; returns anything
     * else to refuse the token. `iss`, `aud`, `exp`, `nbf`, `iat`, `jti`, `cnf`, `token_type` and `typ` must stay. It
     * may run at the same time for several tokens. Of the host functions, those for configuration, secrets, logs,
     * counters and random bytes may be used. */
    int32_t (*transform)(void *instance, const mcp_auth_claims *claims, void *result,
                         void (*give)(void *result, mcp_auth_bytes claims_json));
    void (*validate)(const char *config_json, size_t config_length, void *report_context, mcp_auth_report report);
} mcp_auth_transformer;

/* A module. */
typedef struct mcp_auth_module {
    uint32_t magic;
    uint32_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    const char *name;    /* UTF-8; shown escaped, so letters, digits and hyphens are best */
    const char *version; /* of the module, for logs */
    const mcp_auth_verifier *const *verifiers;
    const mcp_auth_transformer *const *transformers;
    size_t verifier_count;    /* at most 64 */
    size_t transformer_count; /* at most 64 */
} mcp_auth_module;

/* The one exported symbol. The host calls it each time that it reads its configuration; it returns the same address. */
MCP_AUTH_EXPORT const mcp_auth_module *mcp_auth_module_v1(void);

#ifdef __cplusplus
}
#endif
#endif
