/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The smallest verifier: it accepts the token that the operator sets as the secret `token`, 16 to 128 bytes. */
#include "mcp_auth_module.h"

static int64_t secret(const mcp_auth_host *host, char *out) {
    mcp_auth_bytes name = {"token", 5};
    return host->secret_get(host, name, out, 128);
}

static int32_t create(const mcp_auth_host *host, const char *config, size_t length, void **instance) {
    static const char mistake[] = "the secret `token` must have 16 to 128 bytes";
    char token[128];
    (void)config, (void)length;
    *instance = (void *)host; /* the only state */
    if (secret(host, token) >= 16) return 0;
    host->log(host, MCP_AUTH_LOG_ERROR, mistake, sizeof mistake - 1);
    return 1;
}

static void destroy(void *instance) { (void)instance; }

static void verify(void *instance, const mcp_auth_request *request, uint64_t call) {
    static const char claims[] = "{\"sub\":\"hello\"}";
    const mcp_auth_host *host = instance;
    mcp_auth_verdict verdict = {.struct_size = sizeof verdict, .kind = MCP_AUTH_VERDICT_NOT_MINE};
    char token[128], difference = 0;
    int64_t length = secret(host, token);
    if (length >= 16 && (size_t)length == request->token.length) { /* every byte, so that the time tells nothing */
        for (int64_t i = 0; i < length; i++) difference |= (char)(token[i] ^ request->token.data[i]);
        verdict.kind = difference ? MCP_AUTH_VERDICT_REJECT : MCP_AUTH_VERDICT_ACCEPT;
        verdict.claims_json = (mcp_auth_bytes){claims, sizeof claims - 1};
        verdict.not_after_unix_s = host->now_unix_s(host, call) + 60;
    }
    host->complete(host, call, &verdict);
}

static const mcp_auth_verifier hello = {
    .struct_size = sizeof hello, .flags = MCP_AUTH_VERIFIER_PURE | MCP_AUTH_VERIFIER_REENTRANT, .name = "hello",
    .config_schema_json = "{\"type\":\"object\"}", .create = create, .destroy = destroy, .verify = verify};
static const mcp_auth_verifier *const verifiers[] = {&hello};
static const mcp_auth_module module = {
    .magic = MCP_AUTH_MODULE_MAGIC, .struct_size = sizeof module, .abi_major = MCP_AUTH_ABI_MAJOR,
    .name = "hello-c", .version = "1.0.0", .verifiers = verifiers, .verifier_count = 1};

const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
