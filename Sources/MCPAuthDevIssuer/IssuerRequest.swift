// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An HTTP request to the authorization server, independent of the HTTP library.
struct IssuerRequest: Sendable {
    let method: String
    /// Decoded, without query.
    let path: String
    let query: String
    let authorization: String?
    /// The origin of the web page that sent it; set by browsers.
    let origin: String?
    let host: String?
    let body: [UInt8]
}
