/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * Two verifiers for the benchmark of modules: one does nothing, the other answers 100 ms later from its own thread. */
#include "mcp_auth_module.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int32_t create(const mcp_auth_host *host, const char *config, size_t length, void **instance) {
    (void)config;
    (void)length;
    *instance = (void *)(uintptr_t)host;
    return 0;
}

static void destroy(void *instance) { (void)instance; }

static void not_mine(const mcp_auth_host *host, uint64_t call) {
    mcp_auth_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    verdict.struct_size = sizeof verdict;
    verdict.kind = MCP_AUTH_VERDICT_NOT_MINE;
    host->complete(host, call, &verdict);
}

static void verify_nothing(void *instance, const mcp_auth_request *request, uint64_t call) {
    (void)request;
    not_mine(instance, call);
}

typedef struct order {
    const mcp_auth_host *host;
    uint64_t call;
    double end;
    struct order *next;
} order;

static order *first_order, *last_order;
static int is_running;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* One thread answers all calls. */
static void *answer_all(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        order *due = first_order != NULL && first_order->end <= seconds() ? first_order : NULL;
        if (due != NULL) {
            first_order = due->next;
            if (first_order == NULL) last_order = NULL;
        }
        pthread_mutex_unlock(&lock);
        if (due == NULL) {
            struct timespec pause = {0, 500000};
            nanosleep(&pause, NULL);
            continue;
        }
        not_mine(due->host, due->call);
        free(due);
    }
    return NULL;
}

static void verify_later(void *instance, const mcp_auth_request *request, uint64_t call) {
    (void)request;
    order *mine = malloc(sizeof *mine);
    if (mine == NULL) return;
    *mine = (order){instance, call, seconds() + 0.1, NULL};
    pthread_mutex_lock(&lock);
    if (!is_running) {
        pthread_t thread;
        is_running = pthread_create(&thread, NULL, answer_all, NULL) == 0;
        if (is_running) pthread_detach(thread);
    }
    if (last_order != NULL) last_order->next = mine;
    else first_order = mine;
    last_order = mine;
    pthread_mutex_unlock(&lock);
}

static const mcp_auth_verifier nothing = {
    .struct_size = sizeof(mcp_auth_verifier),
    .flags = MCP_AUTH_VERIFIER_PURE | MCP_AUTH_VERIFIER_REENTRANT,
    .name = "nothing",
    .config_schema_json = "{}",
    .create = create,
    .destroy = destroy,
    .verify = verify_nothing,
};

static const mcp_auth_verifier later = {
    .struct_size = sizeof(mcp_auth_verifier),
    .flags = MCP_AUTH_VERIFIER_REENTRANT,
    .name = "later",
    .config_schema_json = "{}",
    .create = create,
    .destroy = destroy,
    .verify = verify_later,
};

static const mcp_auth_verifier *const verifiers[] = {&nothing, &later};

static const mcp_auth_module module = {
    .magic = MCP_AUTH_MODULE_MAGIC,
    .struct_size = sizeof(mcp_auth_module),
    .abi_major = MCP_AUTH_ABI_MAJOR,
    .abi_minor = MCP_AUTH_ABI_MINOR,
    .name = "benchmark",
    .version = "1.0.0",
    .verifiers = verifiers,
    .verifier_count = 2,
};

const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
