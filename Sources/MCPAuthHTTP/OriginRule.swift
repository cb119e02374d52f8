// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore

/// Protects servers on this machine from web pages (MCP transports: `Origin` validation, DNS rebinding).
///
/// A browser lets any page send requests to loopback addresses, and a page can point its own name there. So for a
/// resource on a loopback address, `Host` and a present `Origin` must be loopback too. Other resources are not judged.
enum OriginRule {
    static func allows(_ request: HTTPRequest, at resource: ProtectedResource) -> Bool {
        guard resource.identifier.url.isLoopback else { return true }
        let origins = request.headerFields[values: .origin]
        guard origins.allSatisfy({ HTTPURL($0)?.isLoopback ?? false }) else { return false }
        return request.authority.map { HTTPURL("http://\($0)/")?.isLoopback ?? false } ?? true
    }
}
