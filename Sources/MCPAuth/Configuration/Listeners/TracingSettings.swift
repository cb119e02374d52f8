// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Where spans of decisions are sent to.
package struct TracingSettings: Sendable, Hashable {
    /// The URL of a collector of OpenTelemetry that takes OTLP over HTTP.
    package let endpoint: HTTPURL
    /// The fraction of traces that is recorded, 0 to 1, where the client does not say whether its trace is.
    package let sampledFraction: Double
    /// Whether the endpoint may be on another machine without TLS.
    package let dangerouslyAllowsHTTP: Bool

    package init(_ endpoint: HTTPURL, sampledFraction: Double = 1, dangerouslyAllowsHTTP: Bool = false) {
        self.endpoint = endpoint
        self.sampledFraction = sampledFraction
        self.dangerouslyAllowsHTTP = dangerouslyAllowsHTTP
    }
}
