/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The C ABI between mcp-auth and verifier modules, version 1.
 *
 * A module is a shared library that exports one symbol, `mcp_auth_module_v1`, which returns a pointer to constant
 * data. The suffix is the ABI major version. Within a major version, structs only grow at their end: `struct_size`, at
 * the start of every struct (in the module descriptor after its magic), tells which members are present.
 * `mcp_auth_bytes` is passed by value and never changes.
 *
 * Ownership: what is passed to a function is borrowed for the call. What a module passes to `complete` is copied
 * before `complete` returns. Neither side frees memory of the other.
 *
 * Threads: the host calls `validate`, `create`, `verify` and `destroy` on dedicated threads, so they may block. If no
 * dedicated thread is available, `destroy` runs on the thread that releases the instance. `mcp_auth_module_v1` and the
 * constructors of the library run on the thread that loads the configuration, without a time limit; they must not
 * block. Calls of one instance run on up to 8 threads at once; `destroy` runs after the last of them has returned.
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

/* The sizes of version 1.0, the smallest that a host of any later minor version accepts. */
#define MCP_AUTH_MODULE_SIZE_1_0 88u
#define MCP_AUTH_VERDICT_SIZE_1_0 72u

#if defined(__GNUC__)
#define MCP_AUTH_EXPORT __attribute__((visibility("default")))
#else
#define MCP_AUTH_EXPORT
#endif

/* Flags of a module. */
#define MCP_AUTH_MODULE_REENTRANT 0x1u /* verify may run on several threads at once for one instance */
#define MCP_AUTH_MODULE_PURE 0x2u      /* the verdict depends only on token, configuration and clock */

/* Verdicts. Zero decides nothing; it and every unknown value count as unavailable. */
#define MCP_AUTH_VERDICT_NONE 0
#define MCP_AUTH_VERDICT_NOT_MINE 1
#define MCP_AUTH_VERDICT_ACCEPT 2
#define MCP_AUTH_VERDICT_REJECT 3
#define MCP_AUTH_VERDICT_UNAVAILABLE 4

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

/* A token to verify. */
typedef struct mcp_auth_request {
    uint32_t struct_size;
    uint32_t reserved;
    mcp_auth_bytes resource; /* the resource identifier */
    mcp_auth_bytes token;    /* without its scheme */
    mcp_auth_bytes scheme;   /* "Bearer" */
    int64_t deadline_unix_s; /* the host does not wait longer; a later verdict is ignored */
    mcp_auth_bytes unverified_issuer; /* the issuer that the token names, unverified; empty in this version */
    mcp_auth_bytes method;            /* of the HTTP request; empty in this version */
    mcp_auth_bytes url;               /* of the HTTP request; empty in this version */
} mcp_auth_request;

/* The verdict of a module. */
typedef struct mcp_auth_verdict {
    uint32_t struct_size;
    int32_t kind;
    mcp_auth_bytes claims_json;     /* accept: an object (RFC 7519) in UTF-8, at most 65536 bytes */
    int64_t not_after_unix_s;       /* accept: expiry, required if the claims have no exp; 0 for none */
    int64_t cache_seconds;          /* 0: do not cache */
    mcp_auth_bytes reason;          /* a stable code for logs; 1024 bytes of it, and of operator_detail, are read */
    mcp_auth_bytes operator_detail; /* for logs; never sent to a client */
} mcp_auth_verdict;

/* The functions of the host. `host` is the first argument of every function; all may be called on any thread. */
typedef struct mcp_auth_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    void *context;
    /* Gives the verdict of a call, exactly once; a second verdict, or one for an unknown call, is ignored. */
    void (*complete)(const struct mcp_auth_host *host, uint64_t call, const mcp_auth_verdict *verdict);
    /* The time of an open call, in seconds since 1970; for any other call a time at which everything has expired. */
    int64_t (*now_unix_s)(const struct mcp_auth_host *host, uint64_t call);
    /* Copies a top-level string of the instance's configuration. Returns its length, or -1 when absent or too long. */
    int64_t (*config_string)(const struct mcp_auth_host *host, mcp_auth_bytes key, char *out, size_t capacity);
    /* Copies a secret that the operator gave to this instance. Returns its length, or -1 when absent or too long. */
    int64_t (*secret_get)(const struct mcp_auth_host *host, mcp_auth_bytes name, char *out, size_t capacity);
    /* Logs one line for the operator, in UTF-8; only its first 1024 bytes are shown. It must not contain a token or
     * secret. When `create` fails, the last error that it logged is shown as the reason. */
    void (*log)(const struct mcp_auth_host *host, int32_t level, const char *text, size_t length);
} mcp_auth_host;

/* A module. All pointers except `cancel` and `validate` must be set. */
typedef struct mcp_auth_module {
    uint32_t magic;
    uint32_t struct_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t flags;
    uint32_t reserved;
    const char *name;
    const char *version;
    /* JSON Schema of the configuration object, enforced before `create`. Plugins/README.md lists the keywords that may
     * be used; a module with any other is refused. A string with `"format": "path"` is a path; the module receives it
     * resolved against the directory of the configuration file. */
    const char *config_schema_json;
    /* Creates an instance; returns 0 on success. `config_json` is the whole configuration object; `config_string` reads
     * the strings in it for modules that have no JSON parser. `host` stays valid until `destroy` has returned. */
    int32_t (*create)(const mcp_auth_host *host, const char *config_json, size_t config_length, void **instance);
    void (*destroy)(void *instance);
    /* Verifies a token. In this version, it must call host->complete before it returns. */
    void (*verify)(void *instance, const mcp_auth_request *request, uint64_t call);
    /* Tells that a call is no longer needed; may be null. Not called in this version. */
    void (*cancel)(void *instance, uint64_t call);
    /* Checks for mistakes that the schema cannot find, before `create`. Calls `report` once for each, with a JSON
     * Pointer (RFC 6901) into the configuration and a message. May be null. */
    void (*validate)(const char *config_json, size_t config_length, void *report_context,
                     void (*report)(void *report_context, mcp_auth_bytes pointer, mcp_auth_bytes message));
} mcp_auth_module;

/* The one exported symbol. */
MCP_AUTH_EXPORT const mcp_auth_module *mcp_auth_module_v1(void);

#ifdef __cplusplus
}
#endif
#endif
