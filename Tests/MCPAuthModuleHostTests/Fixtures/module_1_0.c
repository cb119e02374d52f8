/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The source of module_1_0.x86_64-linux.bin, which was compiled against version 1.0 of the header and is kept: every later
 * version must load it and give it the same answers. Compiled with
 *
 *     cc -std=c11 -Os -s -fPIC -shared -I ../../../Sources/CMCPAuthModule/include module_1_0.c -o module_1_0.x86_64-linux.bin
 */
#include "mcp_auth_module.h"

#include <stdio.h>
#include <string.h>

static int32_t create(const mcp_auth_host *host, const char *config, size_t length, void **instance) {
    char text[64];
    mcp_auth_bytes subject = {"subject", 7}, secret = {"key", 3};
    (void)config;
    (void)length;
    if (host->struct_size < 80 || host->config_string(host, subject, text, sizeof text) != 5) return 1;
    if (host->secret_get(host, secret, text, sizeof text) != 3 || memcmp(text, "abc", 3) != 0) return 1;
    host->log(host, MCP_AUTH_LOG_INFO, "created", 7);
    *instance = (void *)(uintptr_t)host;
    return 0;
}

static void destroy(void *instance) { (void)instance; }

static int is(mcp_auth_bytes bytes, const char *text) {
    return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

static void verify(void *instance, const mcp_auth_request *request, uint64_t call) {
    const mcp_auth_host *host = instance;
    mcp_auth_verdict verdict;
    char claims[128], random[4];
    memset(&verdict, 0, sizeof verdict);
    verdict.struct_size = sizeof verdict;
    verdict.kind = MCP_AUTH_VERDICT_NOT_MINE;
    if (is(request->token, "bad")) verdict.kind = MCP_AUTH_VERDICT_REJECT;
    if (is(request->token, "later")) verdict.kind = MCP_AUTH_VERDICT_UNAVAILABLE;
    if (is(request->token, "good") && is(request->resource, "https://h.example/mcp") && is(request->scheme, "Bearer") &&
        request->struct_size >= 176 && is(request->method, "POST") && is(request->url, "https://h.example/mcp") &&
        request->field_count == 1 && is(request->fields[0].name, "x-key") && is(request->fields[0].value, "v") &&
        request->time_left_ms > 0 && host->random(host, random, 4) == 0) {
        int64_t now = host->now_unix_s(host, call);
        snprintf(claims, sizeof claims, "{\"sub\":\"alice\",\"iat\":%lld}", (long long)now);
        verdict.kind = MCP_AUTH_VERDICT_ACCEPT;
        verdict.claims_json.data = claims;
        verdict.claims_json.length = strlen(claims);
        verdict.not_after_unix_s = now + 60;
    }
    verdict.reason.data = "fixture";
    verdict.reason.length = 7;
    host->count(host, verdict.reason, 1);
    host->complete(host, call, &verdict);
}

static int32_t transform(void *instance, const mcp_auth_claims *claims, void *result,
                         void (*give)(void *result, mcp_auth_bytes claims_json)) {
    char text[256];
    (void)instance;
    if (claims->struct_size < 40 || !is(claims->issuer, "https://i.example")) return 1;
    snprintf(text, sizeof text, "{\"was\":%.*s}", (int)claims->claims_json.length, claims->claims_json.data);
    mcp_auth_bytes given = {text, strlen(text)};
    give(result, given);
    return 0;
}

static const char *const fields[] = {"x-key", NULL};

static const mcp_auth_verifier verifier = {
    .struct_size = sizeof(mcp_auth_verifier),
    .flags = MCP_AUTH_VERIFIER_REENTRANT,
    .name = "fixture",
    .config_schema_json = "{\"properties\":{\"subject\":{\"type\":\"string\"}}}",
    .create = create,
    .destroy = destroy,
    .verify = verify,
    .request_fields = fields,
};

static const mcp_auth_transformer transformer = {
    .struct_size = sizeof(mcp_auth_transformer),
    .name = "fixture",
    .config_schema_json = "{\"properties\":{\"subject\":{\"type\":\"string\"}}}",
    .create = create,
    .destroy = destroy,
    .transform = transform,
};

static const mcp_auth_verifier *const verifiers[] = {&verifier};
static const mcp_auth_transformer *const transformers[] = {&transformer};

static const mcp_auth_module module = {
    .magic = MCP_AUTH_MODULE_MAGIC,
    .struct_size = sizeof(mcp_auth_module),
    .abi_major = MCP_AUTH_ABI_MAJOR,
    .abi_minor = MCP_AUTH_ABI_MINOR,
    .name = "fixture",
    .version = "1.0.0",
    .verifiers = verifiers,
    .transformers = transformers,
    .verifier_count = 1,
    .transformer_count = 1,
};

const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
