// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An HTTP request to the authorization server, in no host's types.
struct IssuerRequest: Sendable {
    let method: String
    /// Decoded, without query.
    let path: String
    let query: String
    let authorization: String?
    /// The page that sent it, as a browser says.
    let origin: String?
    let host: String?
    let body: [UInt8]
}
