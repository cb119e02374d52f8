/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The frozen layout of version 1 on 64-bit platforms: a change here breaks every module that was built before. */
#include "mcp_auth_module.h"

#define FROZEN(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")

FROZEN(mcp_auth_bytes, data, 0);
FROZEN(mcp_auth_bytes, length, 8);
_Static_assert(sizeof(mcp_auth_bytes) == 16, "mcp_auth_bytes changed");

FROZEN(mcp_auth_module, magic, 0);
FROZEN(mcp_auth_module, struct_size, 4);
FROZEN(mcp_auth_module, abi_major, 8);
FROZEN(mcp_auth_module, abi_minor, 12);
FROZEN(mcp_auth_module, flags, 16);
FROZEN(mcp_auth_module, name, 24);
FROZEN(mcp_auth_module, version, 32);
FROZEN(mcp_auth_module, config_schema_json, 40);
FROZEN(mcp_auth_module, create, 48);
FROZEN(mcp_auth_module, destroy, 56);
FROZEN(mcp_auth_module, verify, 64);
FROZEN(mcp_auth_module, cancel, 72);
FROZEN(mcp_auth_module, validate, 80);
_Static_assert(sizeof(mcp_auth_module) >= MCP_AUTH_MODULE_SIZE_1_0, "mcp_auth_module shrank");
_Static_assert(MCP_AUTH_MODULE_SIZE_1_0 == 88u, "the size of version 1.0 changed");

FROZEN(mcp_auth_host, struct_size, 0);
FROZEN(mcp_auth_host, abi_minor, 4);
FROZEN(mcp_auth_host, context, 8);
FROZEN(mcp_auth_host, complete, 16);
FROZEN(mcp_auth_host, now_unix_s, 24);
FROZEN(mcp_auth_host, config_string, 32);
FROZEN(mcp_auth_host, secret_get, 40);
FROZEN(mcp_auth_host, log, 48);

FROZEN(mcp_auth_request, struct_size, 0);
FROZEN(mcp_auth_request, resource, 8);
FROZEN(mcp_auth_request, token, 24);
FROZEN(mcp_auth_request, scheme, 40);
FROZEN(mcp_auth_request, deadline_unix_s, 56);
FROZEN(mcp_auth_request, unverified_issuer, 64);
FROZEN(mcp_auth_request, method, 80);
FROZEN(mcp_auth_request, url, 96);

FROZEN(mcp_auth_verdict, struct_size, 0);
FROZEN(mcp_auth_verdict, kind, 4);
FROZEN(mcp_auth_verdict, claims_json, 8);
FROZEN(mcp_auth_verdict, not_after_unix_s, 24);
FROZEN(mcp_auth_verdict, cache_seconds, 32);
FROZEN(mcp_auth_verdict, reason, 40);
FROZEN(mcp_auth_verdict, operator_detail, 56);
_Static_assert(sizeof(mcp_auth_verdict) >= MCP_AUTH_VERDICT_SIZE_1_0, "mcp_auth_verdict shrank");
_Static_assert(MCP_AUTH_VERDICT_SIZE_1_0 == 72u, "the size of version 1.0 changed");
