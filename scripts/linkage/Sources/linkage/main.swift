// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthHTTP

print(NumericDate.now() > NumericDate(0), CollectedBody.tooLarge)
