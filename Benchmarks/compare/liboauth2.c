/* This source file is part of the swift-mcp-auth project.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Measures how long liboauth2, the library behind mod_oauth2, takes for a token: `liboauth2 DIRECTORY`.
 *
 * Its best case is measured first: its cache is searched slot by slot and finds a single token in the first slot, and
 * without a log it formats no messages. A server module always passes a log, so this case comes last. It does not
 * compare the audience, so its caller does, as `Require oauth2_claim` would.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <oauth2/cfg.h>
#include <oauth2/oauth2.h>
#include <oauth2/util.h>

enum { MAX_TOKENS = 1000, ROUNDS = 5 };

static const char *const ISSUER = "https://issuer.example";
static const char *const RESOURCE = "https://api.example.com/notes";

typedef struct {
    char *token[MAX_TOKENS];
    int count;
} tokens_t;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "liboauth2: %s: %s\n", what, why);
    exit(1);
}

/* The lines of DIRECTORY/ALGORITHM.SUFFIX; they live as long as the program. */
static tokens_t read_lines(const char *directory, const char *algorithm, const char *suffix) {
    static char line[16384];
    char path[4096];
    tokens_t lines = {.count = 0};
    snprintf(path, sizeof path, "%s/%s.%s", directory, algorithm, suffix);
    FILE *file = fopen(path, "r");
    if (file == NULL) fail(path, "cannot be read");
    while (lines.count < MAX_TOKENS && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        lines.token[lines.count++] = strdup(line);
    }
    fclose(file);
    if (lines.count == 0) fail(path, "is empty");
    return lines;
}

static oauth2_cfg_token_verify_t *make_verifier(const char *jwk, const char *options) {
    oauth2_cfg_token_verify_t *verifier = NULL;
    char *error = oauth2_cfg_token_verify_add_options(NULL, &verifier, "jwk", jwk, options);
    if (error != NULL) fail("key", error);
    return verifier;
}

static bool is_string(const json_t *claims, const char *name, const char *expected) {
    const char *value = json_string_value(json_object_get(claims, name));
    return value != NULL && strcmp(value, expected) == 0;
}

static void verify(oauth2_log_t *log, oauth2_cfg_token_verify_t *verifier, const char *token) {
    json_t *claims = NULL;
    if (!oauth2_token_verify(log, NULL, verifier, token, &claims)) fail("verify", "token was refused");
    bool is_good = is_string(claims, "iss", ISSUER) && is_string(claims, "aud", RESOURCE) &&
                   json_integer_value(json_object_get(claims, "exp")) > (json_int_t)time(NULL);
    json_decref(claims);
    if (!is_good) fail("verify", "claims are not the expected ones");
}

/* The processor time of this process, in nanoseconds. */
static double processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/* Makes `calls` calls with the tokens in turn: once to warm up, then ROUNDS times with the clock. */
static void measure(
    const char *what, const char *algorithm, oauth2_log_t *log, oauth2_cfg_token_verify_t *verifier,
    const tokens_t *tokens, int calls
) {
    double rounds[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
        double start = processor_time();
        for (int call = 0; call < calls; call++) verify(log, verifier, tokens->token[call % tokens->count]);
        if (round >= 0) rounds[round] = (processor_time() - start) / calls;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], ascending);
    printf(
        "{\"peer\":\"liboauth2\",\"what\":\"%s\",\"algorithm\":\"%s\",\"ns\":%.0f}\n", what, algorithm,
        rounds[ROUNDS / 2]
    );
}

int main(int argc, char **argv) {
    if (argc != 2) fail("usage", "liboauth2 DIRECTORY");
    oauth2_log_t *log = oauth2_init(OAUTH2_LOG_ERROR, NULL);
    /* A cache without a name would also be used by verifiers that ask for no cache, so each has a name. */
    const char *caches[] = {"one", "many"};
    for (int index = 0; index < 2; index++) {
        char options[64];
        snprintf(options, sizeof options, "name=%s&max_entries=1000&max_val_size=1024", caches[index]);
        char *error = oauth2_cfg_set_cache(NULL, NULL, "shm", options);
        if (error != NULL) fail("cache", error);
    }
    const char *algorithms[] = {"RS256", "ES256"};
    for (int index = 0; index < 2; index++) {
        const char *algorithm = algorithms[index];
        tokens_t tokens = read_lines(argv[1], algorithm, "tokens");
        const char *jwk = read_lines(argv[1], algorithm, "jwk.json").token[0];
        oauth2_cfg_token_verify_t *uncached = make_verifier(jwk, "verify.exp=required&verify.cache=none");
        measure("uncached", algorithm, NULL, uncached, &tokens, tokens.count);
        if (index > 0) continue;
        tokens_t first = {.token = {tokens.token[0]}, .count = 1};
        oauth2_cfg_token_verify_t *one = make_verifier(jwk, "verify.exp=required&verify.cache=one");
        oauth2_cfg_token_verify_t *many = make_verifier(jwk, "verify.exp=required&verify.cache=many");
        measure("cached, 1 token", algorithm, NULL, one, &first, 5000);
        measure("cached", algorithm, NULL, many, &tokens, 5000);
        measure("cached, with a log", algorithm, log, many, &tokens, 5000);
    }
    return 0;
}
