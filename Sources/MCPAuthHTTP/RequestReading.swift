// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON

/// Converts an HTTP request into a ``ProtectedResourceRequest``, the first stage of every request.
package enum RequestReading {
    /// Reads credentials and target; the operation is not known yet.
    ///
    /// Tokens in the query or the body are ignored (RFC 6750 section 2.3, MCP 2026-07-28). A path that can be
    /// interpreted in two ways is refused.
    ///
    /// - Parameter ignoresCase: Whether the host ignores case in its routes.
    package static func read(_ request: HTTPRequest, ignoresCase: Bool = false) -> Checked<ProtectedResourceRequest> {
        if request.headerFields.contains(host) {
            let values = request.headerFields[values: host]
            let authority = request.authority ?? values.first ?? ""
            // A server behind this one could take the other host (RFC 9112 section 3.2).
            guard values.allSatisfy({ $0.isExactly(authority) }) else {
                let named = values.joined(separator: ", ")
                let expected = "the authority of the request, once"
                return .denied(ambiguous("field `Host`", expected: expected, found: "another one", named))
            }
        }
        let received = path(of: request)
        guard let path = RequestPath(received) else {
            let expected = "a path with only one interpretation"
            return .denied(ambiguous("the path", expected: expected, found: "an ambiguous path", received))
        }
        return .passed(
            ProtectedResourceRequest(
                method: request.method,
                authority: request.authority,
                path: path,
                credentials: credentials(request.headerFields[values: .authorization]),
                ignoresCase: ignoresCase,
                fields: request.headerFields
            )
        )
    }

    /// `Host`, which hosts move to the authority of a request; a second one stays among the fields.
    private static let host = HTTPField.Name.constant("Host")

    private static func ambiguous(_ subject: String, expected: String, found: String, _ value: String) -> Denial {
        let diagnosis = Diagnosis(subject, expected: expected, found: found, value: "`\(value.printable)`")
        return Denial(.ambiguousTarget, status: 400, diagnosis: diagnosis)
    }

    /// The request target up to the query.
    package static func path(of request: HTTPRequest) -> String {
        guard let target = request.path else { return "" }
        guard let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target }
        return String(target[..<end])
    }

    /// Reads the `Authorization` fields (RFC 9110 section 11.6.2, RFC 6750 section 2.1).
    ///
    /// Two fields, two credentials in one field, and a Bearer scheme with more than one token are malformed, because it
    /// is not clear which of them counts. A Bearer scheme without a token and an empty field count as no
    /// credentials: clients that have no token yet send it, and log in after a 401.
    package static func credentials(_ fields: [String]) -> ProtectedResourceRequest.Credentials {
        guard let field = fields.first else { return .none }
        guard fields.count == 1 else { return .malformed }
        var text = field
        return text.withUTF8 { bytes in unsafe credentials(bytes) }
    }

    /// The same request with the credentials that its resource asks for.
    ///
    /// A resource may name another field than `Authorization`, which then does not count. That field has the token alone.
    /// Several of them, also with another spelling that a server could take for the same name (`_` for `-`), are
    /// malformed.
    package static func reread(
        _ request: ProtectedResourceRequest,
        for resource: ProtectedResource
    ) -> ProtectedResourceRequest {
        guard let name = resource.tokenField else { return request }
        let values = request.fields.filter { $0.name.isTaken(for: name) }
        guard let field = values.first else { return request.presenting(.none) }
        guard values.count == 1, field.name == name else { return request.presenting(.malformed) }
        let token = Array(field.value.utf8)
        guard !token.isEmpty else { return request.presenting(.none) }
        guard areTokenBytes(token) else { return request.presenting(.malformed) }
        return request.presenting(.bearer(AccessToken(bytes: token)))
    }

    private static func credentials(_ bytes: UnsafeBufferPointer<UInt8>) -> ProtectedResourceRequest.Credentials {
        // Nearly every field has this form: one scheme, one space, one token.
        if bytes.count > 7, unsafe bytes[6] == 0x20, unsafe isBearer(bytes[..<6]) {
            let token = unsafe Array(bytes[7...])
            if areTokenBytes(token) { return .bearer(AccessToken(bytes: token)) }
        }
        let end = unsafe bytes.firstIndex(of: 0x20) ?? bytes.count
        guard unsafe isBearer(bytes[..<end]) else {
            let others = unsafe bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).dropFirst()
            if unsafe others.contains(where: { unsafe beginsWithBearer($0) }) { return .malformed }
            return unsafe bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? .none : .otherScheme
        }
        let token = unsafe Array(bytes[end...].drop { $0 == 0x20 })
        if token.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return .none }
        guard areTokenBytes(token) else { return .malformed }
        return .bearer(AccessToken(bytes: token))
    }

    /// Whether a token may have these bytes.
    ///
    /// Without a branch for each byte, so that the compiler has many compared at once.
    private static func areTokenBytes(_ bytes: [UInt8]) -> Bool {
        var other: UInt8 = 0
        for byte in bytes {
            other |= (byte <= 0x20 ? 1 : 0) | (byte >= 0x7F ? 1 : 0) | (byte == UInt8(ascii: ",") ? 1 : 0)
        }
        return other == 0
    }

    private static func beginsWithBearer(_ credential: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let start = unsafe credential.drop { $0 == 0x20 || $0 == 0x09 }
        return unsafe isBearer(start.prefix { $0 != 0x20 && $0 != 0x09 })
    }

    /// Whether the scheme is Bearer, in any case (RFC 9110 section 11.1).
    private static func isBearer(_ scheme: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        // Bit 5 distinguishes the cases of an ASCII letter; setting it turns no other byte into one of these.
        unsafe scheme.count == 6 && zip(scheme, "bearer".utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}
