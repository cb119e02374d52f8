/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The test of tenant-claims. It plays the host: it has every host function, and calls the module through its table. */
#include "mcp_auth_module.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int lines, errors;
    char last_line[256];
} test_host;

typedef struct {
    int count;
    char *text; /* NULL before the first `give` */
} test_result;

static int failures = 0;

static void check(int condition, const char *what, const char *found) {
    if (condition) return;
    printf("%s: %s\n", what, found);
    failures++;
}

static void host_complete(const mcp_auth_host *host, uint64_t call, const mcp_auth_verdict *verdict) {
    (void)host, (void)call, (void)verdict;
    check(0, "complete", "a transformer has no verdict");
}

static int64_t host_now(const mcp_auth_host *host, uint64_t call) {
    (void)host, (void)call;
    return INT64_C(253402300799); /* a transformer has no call */
}

static int64_t host_config_string(const mcp_auth_host *host, mcp_auth_bytes key, char *out, size_t capacity) {
    (void)host, (void)key, (void)out, (void)capacity;
    return -1; /* the module parses the configuration */
}

static int64_t host_secret_get(const mcp_auth_host *host, mcp_auth_bytes name, char *out, size_t capacity) {
    (void)host, (void)name, (void)out, (void)capacity;
    return -1;
}

static void host_log(const mcp_auth_host *host, int32_t level, const char *text, size_t length) {
    test_host *test = host->context;
    test->lines++;
    if (level == MCP_AUTH_LOG_ERROR) test->errors++;
    snprintf(test->last_line, sizeof test->last_line, "%.*s", (int)length, text);
}

static void host_count(const mcp_auth_host *host, mcp_auth_bytes name, int64_t by) {
    (void)host, (void)name, (void)by;
}

static int32_t host_random(const mcp_auth_host *host, char *out, size_t count) {
    (void)host;
    memset(out, 4, count);
    return 0;
}

static int32_t host_fetch(const mcp_auth_host *host, uint64_t call, const mcp_auth_http_request *request,
                          void *user_data,
                          void (*done)(void *instance, uint64_t call, void *user_data,
                                       const mcp_auth_http_response *response)) {
    (void)host, (void)call, (void)request, (void)user_data, (void)done;
    return -1;
}

static mcp_auth_host host_table(test_host *test) {
    mcp_auth_host host = {
        .struct_size = sizeof host,
        .abi_minor = MCP_AUTH_ABI_MINOR,
        .context = test,
        .complete = host_complete,
        .now_unix_s = host_now,
        .config_string = host_config_string,
        .secret_get = host_secret_get,
        .log = host_log,
        .count = host_count,
        .random = host_random,
        .http_fetch = host_fetch,
    };
    return host;
}

static const mcp_auth_transformer *transformer(void) { return mcp_auth_module_v1()->transformers[0]; }

/* A copy without a zero at its end, so that the sanitizers report a read behind it. */
static char *exactly(const char *text, size_t length) {
    char *copy = malloc(length > 0 ? length : 1);
    if (copy == NULL) abort();
    memcpy(copy, text, length);
    return copy;
}

static void *create(const mcp_auth_host *host, const char *config) {
    void *instance = NULL;
    char *copy = exactly(config, strlen(config));
    int32_t code = transformer()->create(host, copy, strlen(config), &instance);
    check((code == 0) == (instance != NULL), "create", config);
    free(copy);
    return instance;
}

static void give(void *result, mcp_auth_bytes claims) {
    test_result *given = result;
    free(given->text);
    given->count++;
    given->text = malloc(claims.length + 1);
    if (given->text == NULL) abort();
    memcpy(given->text, claims.data, claims.length);
    given->text[claims.length] = 0;
}

/* The new claims, which the caller frees; NULL when the token is refused. */
static char *transformed(void *instance, const char *text, size_t length) {
    test_result result = {0, NULL};
    char *copy = exactly(text, length);
    mcp_auth_claims claims = {.struct_size = sizeof claims};
    claims.issuer.data = "https://issuer.test";
    claims.issuer.length = strlen(claims.issuer.data);
    claims.claims_json.data = copy;
    claims.claims_json.length = length;
    int32_t code = transformer()->transform(instance, &claims, &result, give);
    check(result.count == (code == 0 ? 1 : 0), "`give` was not called once", text);
    free(copy);
    return result.text;
}

static void test_table(void) {
    const mcp_auth_module *module = mcp_auth_module_v1();
    check(module->magic == MCP_AUTH_MODULE_MAGIC && module->abi_major == MCP_AUTH_ABI_MAJOR, "module", "ABI");
    check(module->struct_size >= MCP_AUTH_MODULE_SIZE_1_0, "module", "struct_size");
    check(module->verifier_count == 0 && module->transformer_count == 1, "module", "counts");
    check(transformer()->struct_size >= MCP_AUTH_TRANSFORMER_SIZE_1_0, "transformer", "struct_size");
    json_t *schema = json_loads(transformer()->config_schema_json, JSON_REJECT_DUPLICATES, NULL);
    check(json_is_object(schema), "schema", "not JSON");
    json_decref(schema);
}

#define AFTER "{\"take\":\"after\"}"
#define REQUIRED "{\"required\":true}"

static void test_claims(void) {
    static const struct {
        const char *config, *claims;
        const char *expected; /* NULL: refused */
    } rows[] = {
        /* Both parts. */
        {"{}", "{\"sub\":\"acme|ada\"}", "{\"sub\":\"acme|ada\",\"tenant\":\"acme\"}"},
        {AFTER, "{\"sub\":\"ada|acme\"}", "{\"sub\":\"ada|acme\",\"tenant\":\"acme\"}"},
        {"{\"take\":\"before\",\"separator\":\"@\",\"from\":\"email\",\"required\":false}",
         "{\"sub\":\"a|b\",\"email\":\"ada@acme.example\"}",
         "{\"sub\":\"a|b\",\"email\":\"ada@acme.example\",\"tenant\":\"ada\"}"},
        /* The first separator counts. */
        {"{}", "{\"sub\":\"a|b|c\"}", "{\"sub\":\"a|b|c\",\"tenant\":\"a\"}"},
        {AFTER, "{\"sub\":\"a|b|c\"}", "{\"sub\":\"a|b|c\",\"tenant\":\"b|c\"}"},
        /* A separator of several bytes, a claim with escapes, and a tenant that needs them. */
        {"{\"separator\":\"\xE2\x86\x92\"}", "{\"sub\":\"a\\u2192b\"}", "{\"sub\":\"a\\u2192b\",\"tenant\":\"a\"}"},
        {"{\"separator\":\"\xE2\x86\x92\",\"take\":\"after\"}", "{\"sub\":\"a\\u2192b\"}",
         "{\"sub\":\"a\\u2192b\",\"tenant\":\"b\"}"},
        {"{\"separator\":\"/\"}", "{\"sub\":\"a\\/b\"}", "{\"sub\":\"a\\/b\",\"tenant\":\"a\"}"},
        {"{}", "{\"sub\":\"\\\"},{\\\\\\n|x\"}", "{\"sub\":\"\\\"},{\\\\\\n|x\",\"tenant\":\"\\\"},{\\\\\\n\"}"},
        {"{}", "{\"sub\":\"\xC3\xA4|x\"}", "{\"sub\":\"\xC3\xA4|x\",\"tenant\":\"\xC3\xA4\"}"},
        {"{}", "{\"sub\":\"\\ud83d\\ude00|x\"}", "{\"sub\":\"\\ud83d\\ude00|x\",\"tenant\":\"\xF0\x9F\x98\x80\"}"},
        /* No tenant. */
        {"{}", "{}", "{}"},
        {"{}", "{\"iss\":\"x\"}", "{\"iss\":\"x\"}"},
        {"{}", "{\"sub\":\"ada\"}", "{\"sub\":\"ada\"}"},
        {"{}", "{\"sub\":\"\"}", "{\"sub\":\"\"}"},
        {"{}", "{\"sub\":\"|ada\"}", "{\"sub\":\"|ada\"}"},
        {AFTER, "{\"sub\":\"ada|\"}", "{\"sub\":\"ada|\"}"},
        {"{}", "{\"sub\":null}", "{\"sub\":null}"},
        {"{}", "{\"sub\":[\"a|b\"]}", "{\"sub\":[\"a|b\"]}"},
        {"{}", "{\"SUB\":\"a|b\"}", "{\"SUB\":\"a|b\"}"},
        {"{}", "{\"act\":{\"sub\":\"a|b\"}}", "{\"act\":{\"sub\":\"a|b\"}}"},
        /* The tenant of the token is removed or replaced, wherever it is and however it is written. */
        {"{}", "{\"tenant\":\"evil\"}", "{}"},
        {"{}", "{\"tenant\":\"evil\",\"sub\":\"ada\"}", "{\"sub\":\"ada\"}"},
        {"{}", "{\"sub\":\"ada\",\"tenant\":\"evil\"}", "{\"sub\":\"ada\"}"},
        {"{}", "{\"a\":1,\"tenant\":{\"b\":[\"}\"]},\"c\":2}", "{\"a\":1,\"c\":2}"},
        {"{}", "{\"ten\\u0061nt\":\"evil\",\"sub\":\"ada\"}", "{\"sub\":\"ada\"}"},
        {"{}", "{\"\\u0074enant\":null}", "{}"},
        {"{}", "{\"tenant\":\"evil\",\"sub\":\"acme|ada\"}", "{\"sub\":\"acme|ada\",\"tenant\":\"acme\"}"},
        {"{}", " { \"tenant\" : \"evil\" , \"sub\" : \"acme|ada\" } ",
         "{ \"sub\" : \"acme|ada\" ,\"tenant\":\"acme\"}"},
        {"{}", "{\"Tenant\":1,\"tenants\":2,\"tenant \":3}", "{\"Tenant\":1,\"tenants\":2,\"tenant \":3}"},
        {"{}", "{\"a\":{\"tenant\":1}}", "{\"a\":{\"tenant\":1}}"},
        {"{\"from\":\"tenant\"}", "{\"tenant\":\"acme|eu\"}", "{\"tenant\":\"acme\"}"},
        {"{\"from\":\"tenant\"}", "{\"tenant\":\"acme\"}", "{}"},
        /* A tenant that is required. */
        {REQUIRED, "{\"sub\":\"acme|ada\"}", "{\"sub\":\"acme|ada\",\"tenant\":\"acme\"}"},
        {REQUIRED, "{\"sub\":\"ada\",\"tenant\":\"evil\"}", NULL},
        {REQUIRED, "{\"sub\":\"|ada\"}", NULL},
        {REQUIRED, "{\"sub\":1}", NULL},
        {REQUIRED, "{}", NULL},
        /* Everything else stays as it was written. */
        {"{}", "{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":-0,\"d\":9007199254740993}",
         "{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":-0,\"d\":9007199254740993}"},
        {"{}", "{\"a\":0.1,\"b\":1.00,\"c\":1E2,\"d\":1e-999,\"e\":0.12345678901234567890123456789}",
         "{\"a\":0.1,\"b\":1.00,\"c\":1E2,\"d\":1e-999,\"e\":0.12345678901234567890123456789}"},
        {"{}", "{\"a\":[{\"b\":[]},\",\",{}],\"c\":\"\\\\\",\"d\":true,\"e\":\"\\u00e4\"}",
         "{\"a\":[{\"b\":[]},\",\",{}],\"c\":\"\\\\\",\"d\":true,\"e\":\"\\u00e4\"}"},
        /* What Jansson cannot represent is refused. */
        {"{}", "{\"a\":9223372036854775808}", NULL},
        {"{}", "{\"a\":-9223372036854775809}", NULL},
        {"{}", "{\"a\":1e999}", NULL},
        {"{}", "{\"a\":\"\\u0000\"}", NULL},
        {"{}", "{\"a\\u0000\":1}", NULL},
        {"{}", "{\"a\":\"\\ud800\"}", NULL},
        /* So is what is no object of JSON without duplicates, which the host never passes. */
        {"{}", "", NULL},
        {"{}", "[]", NULL},
        {"{}", "\"sub\"", NULL},
        {"{}", "{\"sub\":\"a|b\"", NULL},
        {"{}", "{\"sub\":\"a|b\",}", NULL},
        {"{}", "{\"sub\":\"a|b\"} {}", NULL},
        {"{}", "{\"sub\":\"a|b\",\"sub\":\"c|d\"}", NULL},
        {"{}", "{\"tenant\":1,\"ten\\u0061nt\":2}", NULL},
        {"{}", "{\"a\":{\"b\":1,\"b\":2}}", NULL},
        {"{}", "{\"sub\":\"\xFF|b\"}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_host test = {0, 0, ""};
        mcp_auth_host host = host_table(&test);
        void *instance = create(&host, rows[i].config);
        check(instance != NULL, "the configuration is refused", rows[i].config);
        if (instance == NULL) continue;
        char *text = transformed(instance, rows[i].claims, strlen(rows[i].claims));
        if (rows[i].expected == NULL) {
            check(text == NULL && test.lines == 1 && test.errors == 0, rows[i].claims, text == NULL ? "log" : text);
        } else {
            int is_right = text != NULL && strcmp(text, rows[i].expected) == 0;
            check(is_right, rows[i].claims, text == NULL ? "refused" : text);
            check(test.lines == 0, rows[i].claims, test.last_line);
        }
        free(text);
        transformer()->destroy(instance);
    }
}

static void test_limits(void) {
    test_host test = {0, 0, ""};
    mcp_auth_host host = host_table(&test);
    void *instance = create(&host, "{}");
    if (instance == NULL) return;
    check(transformed(instance, "{\"a\":1\0}", 8) == NULL, "a zero byte after a number", "accepted");
    /* 65536 bytes after the change, and one more. */
    for (int excess = 0; excess < 2; excess++) {
        char *claims = malloc(65600);
        if (claims == NULL) abort();
        int length = sprintf(claims, "{\"sub\":\"t|%0*d\"}", 65536 - 25 + excess, 0);
        char *text = transformed(instance, claims, (size_t)length);
        check((text != NULL) == (excess == 0), "the longest claims", text == NULL ? "refused" : "accepted");
        if (text != NULL) check(strlen(text) == 65536, "the longest claims", "another length");
        free(text);
        free(claims);
    }
    transformer()->destroy(instance);
}

static void test_configurations(void) {
    static const char *const rows[] = {
        "",
        "[]",
        "{",
        "{\"from\":1}",
        "{\"from\":null}",
        "{\"from\":\"a\\u0000b\"}",
        "{\"from\":\"a\",\"from\":\"b\"}",
        "{\"separator\":\"\"}",
        "{\"separator\":\"||\"}",
        "{\"separator\":\"a\\u0301\"}",
        "{\"take\":\"middle\"}",
        "{\"take\":\"Before\"}",
        "{\"required\":\"true\"}",
        "{\"required\":1}",
        "{\"form\":\"sub\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_host test = {0, 0, ""};
        mcp_auth_host host = host_table(&test);
        void *instance = create(&host, rows[i]);
        check(instance == NULL && test.errors == 1 && test.last_line[0] == '`', rows[i], "accepted, or no reason");
        if (instance != NULL) transformer()->destroy(instance);
    }
}

static unsigned below(unsigned limit) {
    static uint32_t state = 2463534242u; /* xorshift, the same in every run */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static json_t *random_value(int depth);

static json_t *random_object(int depth) {
    static const char *const names[] = {"sub", "tenant", "a", "\"", "\\", "},{", "", "t\n", "\xC3\xA4"};
    json_t *object = json_object();
    for (unsigned count = below(9); count > 0; count--)
        json_object_set_new(object, names[below(sizeof names / sizeof names[0])], random_value(depth));
    return object;
}

static json_t *random_value(int depth) {
    static const char *const strings[] = {"", "a", "a|b", "|", "\"", "\\", "}", "{", ",", "]", "tenant", "\n|\t",
                                          "\xC3\xA4|\xE2\x82\xAC"};
    switch (below(12)) {
    case 0: return json_integer((json_int_t)below(1000) * 9223372036854775 - 1);
    case 1: return json_real(below(1000) / 7.0);
    case 2: return json_boolean(below(2));
    case 3: return json_null();
    case 4: {
        json_t *array = json_array();
        for (unsigned count = depth > 0 ? below(4) : 0; count > 0; count--)
            json_array_append_new(array, random_value(depth - 1));
        return array;
    }
    case 5: return depth > 0 ? random_object(depth - 1) : json_object();
    default: return json_string(strings[below(sizeof strings / sizeof strings[0])]);
    }
}

/* The text that the module writes is what Jansson itself would make of the claims. */
static void test_random_claims(void) {
    test_host test = {0, 0, ""};
    mcp_auth_host host = host_table(&test);
    void *instance = create(&host, "{}");
    if (instance == NULL) return;
    int tenants = 0;
    for (int i = 0; i < 20000; i++) {
        json_t *claims = random_object(3);
        size_t layout = i % 3 == 0 ? JSON_COMPACT : i % 3 == 1 ? JSON_INDENT(2) : JSON_ENSURE_ASCII;
        char *before = json_dumps(claims, layout);
        char *after = transformed(instance, before, strlen(before));
        const char *sub = json_string_value(json_object_get(claims, "sub"));
        const char *bar = sub == NULL ? NULL : strchr(sub, '|');
        json_object_del(claims, "tenant");
        if (bar != NULL && bar != sub) {
            json_object_set_new(claims, "tenant", json_stringn(sub, (size_t)(bar - sub)));
            tenants++;
        }
        json_t *found = after == NULL ? NULL : json_loads(after, JSON_REJECT_DUPLICATES, NULL);
        check(json_equal(found, claims), before, after == NULL ? "refused" : after);
        json_decref(found);
        json_decref(claims);
        free(before);
        free(after);
    }
    check(tenants > 500, "the random claims", "have too few tenants");
    transformer()->destroy(instance);
}

int main(void) {
    test_table();
    test_claims();
    test_limits();
    test_configurations();
    test_random_claims();
    if (failures == 0) puts("all tests passed");
    return failures == 0 ? 0 : 1;
}
