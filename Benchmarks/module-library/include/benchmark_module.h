/* This file is part of the swift-mcp-auth project. SPDX-License-Identifier: Apache-2.0
 *
 * The module exports what mcp_auth_module.h declares, and nothing else. */
#include "mcp_auth_module.h"
