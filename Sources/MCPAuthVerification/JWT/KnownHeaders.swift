// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// A cache of the headers of verified tokens: nearly all tokens of an issuer have the same header.
///
/// Only headers of verified tokens are kept, so other tokens cannot fill it. It keeps at most eight.
final class KnownHeaders: Sendable {
    private static let most = 8

    private let headers = Lock<[(text: [UInt8], header: JOSEHeader)]>([])

    func header(_ text: ArraySlice<UInt8>) -> JOSEHeader? {
        headers.withLock { headers in
            for index in headers.indices where text.isExactly(headers[index].text) { return headers[index].header }
            return nil
        }
    }

    /// Remembers the header of a verified token.
    func remember(_ jws: CompactJWS) {
        guard !jws.hasKnownHeader else { return }
        let text = jws.headerText
        guard text.count <= 1024, header(text) == nil else { return }
        headers.withLock { headers in
            if headers.count == Self.most { headers.removeFirst() }
            headers.append((Array(text), jws.header))
        }
    }
}
