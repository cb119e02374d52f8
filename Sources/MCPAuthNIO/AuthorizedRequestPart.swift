// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
public import HTTPTypes
public import MCPAuth
public import NIOCore

/// The parts of a request that was authorized: what ``AuthorizationHandler`` passes on in place of `HTTPRequestPart`.
///
/// A handler that takes this type cannot be added to a pipeline without protection.
public enum AuthorizedRequestPart: Sendable {
    /// The request, and who is calling; `nil` for a caller without a token, where the policy allows anyone.
    ///
    /// NIO handlers run outside tasks, so `AuthInfo.current` is not set; code that needs it runs in
    /// `AuthInfo.$current.withValue(authInfo)`.
    case head(HTTPRequest, AuthInfo?)
    /// A part of the body.
    case body(ByteBuffer)
    /// The end of the request, with its trailers.
    case end(HTTPFields?)
}
#endif
