/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * A verifier module in C: accepts tokens `hmac.<client>.<expiry>.<hmac>`, where <hmac> is HMAC-SHA256 over
 * `<client>.<expiry>` in lower-case hexadecimal, under a key that the operator gives as a secret. */
#include "mcp_auth_module.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CLIENT 64
#define MAX_DIGITS 12
#define MAC_BYTES 32
#define MIN_KEY_BYTES 32

typedef struct {
    const mcp_auth_host *host;
    unsigned char key[256];
    int key_length;
    char scope[256];
} hmac_token;

static mcp_auth_bytes bytes(const char *text) {
    mcp_auth_bytes result = {text, strlen(text)};
    return result;
}

static void complete(const hmac_token *self, uint64_t call, int32_t kind, const char *reason, const char *claims) {
    mcp_auth_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    verdict.struct_size = sizeof verdict;
    verdict.kind = kind;
    verdict.reason = bytes(reason);
    verdict.claims_json = bytes(claims);
    self->host->complete(self->host, call, &verdict);
}

/* Scope values are copied into JSON without escaping, so characters that need escaping are refused. */
static int is_plain_scope(const char *text) {
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7E || *text == '"' || *text == '\\') return 0;
    }
    return 1;
}

/* Reads the configuration into `self`. Returns its first mistake, or NULL. */
static const char *configure(hmac_token *self, const mcp_auth_host *host) {
    char secret_name[128];
    int64_t length = host->config_string(host, bytes("key"), secret_name, sizeof secret_name);
    if (length <= 0) return "`key` must be the name of a secret, 1 to 128 bytes";
    mcp_auth_bytes name = {secret_name, (size_t)length};
    self->key_length = (int)host->secret_get(host, name, (char *)self->key, sizeof self->key);
    if (self->key_length < MIN_KEY_BYTES) return "the secret that `key` names must be set and have 32 to 256 bytes";
    length = host->config_string(host, bytes("scope"), self->scope, sizeof self->scope - 1);
    if (length < 0 || !is_plain_scope(self->scope))
        return "`scope` must be up to 255 printable ASCII characters without quotes and backslashes";
    return NULL;
}

static int32_t create(const mcp_auth_host *host, const char *config_json, size_t config_length, void **instance) {
    hmac_token *self = calloc(1, sizeof *self);
    (void)config_json; /* its two strings are read with config_string */
    (void)config_length;
    if (self == NULL) return 1;
    self->host = host;
    const char *mistake = configure(self, host);
    if (mistake != NULL) {
        host->log(host, MCP_AUTH_LOG_ERROR, mistake, strlen(mistake));
        OPENSSL_cleanse(self, sizeof *self);
        free(self);
        return 1;
    }
    *instance = self;
    return 0;
}

static void destroy(void *instance) {
    OPENSSL_cleanse(instance, sizeof(hmac_token));
    free(instance);
}

/* The length of the field up to `end`; 0 when it is empty, longer than `max`, not allowed, or not ended. */
static size_t field(const char *text, size_t length, size_t max, char end, int (*is_allowed)(char)) {
    size_t count = 0;
    while (count < length && text[count] != end) {
        if (count == max || !is_allowed(text[count])) return 0;
        count++;
    }
    return count < length ? count : 0;
}

static int is_client_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int has_valid_mac(const hmac_token *self, const char *signed_text, size_t signed_length, const char *mac) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    char expected[2 * MAC_BYTES + 1];
    unsigned int hash_length = 0;
    if (HMAC(EVP_sha256(), self->key, self->key_length, (const unsigned char *)signed_text, signed_length, hash,
             &hash_length) == NULL ||
        hash_length != MAC_BYTES)
        return 0;
    for (int i = 0; i < MAC_BYTES; i++) snprintf(expected + 2 * i, 3, "%02x", hash[i]);
    return CRYPTO_memcmp(expected, mac, 2 * MAC_BYTES) == 0;
}

static void verify(void *instance, const mcp_auth_request *request, uint64_t call) {
    static const char prefix[] = "hmac.";
    const hmac_token *self = instance;
    char claims[512], client_text[MAX_CLIENT + 1], digits[MAX_DIGITS + 1];
    if (request->token.length < sizeof prefix - 1 || memcmp(request->token.data, prefix, sizeof prefix - 1) != 0) {
        complete(self, call, MCP_AUTH_VERDICT_NOT_MINE, "no_prefix", "");
        return;
    }
    const char *client = request->token.data + sizeof prefix - 1;
    size_t rest = request->token.length - (sizeof prefix - 1);
    size_t client_length = field(client, rest, MAX_CLIENT, '.', is_client_byte);
    const char *expiry = client_length ? client + client_length + 1 : client;
    size_t expiry_length = client_length ? field(expiry, rest - client_length - 1, MAX_DIGITS, '.', is_digit) : 0;
    size_t signed_length = client_length + 1 + expiry_length;
    if (expiry_length == 0 || rest != signed_length + 1 + 2 * MAC_BYTES) {
        complete(self, call, MCP_AUTH_VERDICT_REJECT, "malformed", "");
        return;
    }
    if (!has_valid_mac(self, client, signed_length, client + signed_length + 1)) {
        complete(self, call, MCP_AUTH_VERDICT_REJECT, "bad_mac", "");
        return;
    }
    memcpy(client_text, client, client_length);
    client_text[client_length] = 0;
    memcpy(digits, expiry, expiry_length);
    digits[expiry_length] = 0;
    long long not_after = strtoll(digits, NULL, 10);
    if (not_after <= self->host->now_unix_s(self->host, call)) {
        complete(self, call, MCP_AUTH_VERDICT_REJECT, "expired", "");
        return;
    }
    snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"client_id\":\"%s\",\"scope\":\"%s\",\"exp\":%lld}", client_text,
             client_text, self->scope, not_after);
    complete(self, call, MCP_AUTH_VERDICT_ACCEPT, "ok", claims);
}

static const mcp_auth_verifier verifier = {
    .struct_size = sizeof(mcp_auth_verifier),
    .flags = MCP_AUTH_VERIFIER_REENTRANT | MCP_AUTH_VERIFIER_PURE,
    .name = "hmac-token-c",
    .config_schema_json = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"key\",\"scope\"],"
                          "\"properties\":{\"key\":{\"type\":\"string\"},\"scope\":{\"type\":\"string\"}}}",
    .create = create,
    .destroy = destroy,
    .verify = verify,
};

static const mcp_auth_verifier *const verifiers[] = {&verifier};

static const mcp_auth_module module = {
    .magic = MCP_AUTH_MODULE_MAGIC,
    .struct_size = sizeof(mcp_auth_module),
    .abi_major = MCP_AUTH_ABI_MAJOR,
    .abi_minor = MCP_AUTH_ABI_MINOR,
    .name = "hmac-token-c",
    .version = "1.0.0",
    .verifiers = verifiers,
    .verifier_count = 1,
};

const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
