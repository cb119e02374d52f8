// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON

/// Finds out which MCP operation a request carries, from its body and its `Mcp-*` fields.
///
/// The body decides; the fields must agree with it (MCP 2026-07-28, Request Metadata). The text is read once and no
/// tree is built from it, so an untrusted body costs little more memory than its size. A body that is not JSON, has
/// duplicate members or is not JSON-RPC is refused. The operation is unknown if another parser might see another
/// operation (a member name contains a NUL or differs only in case), or if the method cannot be represented. Values
/// that are not needed change nothing.
package enum MCPMessageReading {
    package enum Result: Sendable, Equatable {
        case operation(RequestOperation)
        /// The body cannot be judged, or a field contradicts it or is missing.
        case refused(Denial.Reason, Diagnosis)
    }

    /// The maximum size of a body, in bytes.
    package static let maximumBodyBytes = ProtectedResource.bodyBytes
    /// The maximum number of messages in a batch.
    package static let mostMessages = 64
    /// The limits of a body: its size, and the nesting of arrays and objects.
    package static let limits = JSONDocument.Limits(bytes: maximumBodyBytes, depth: 256)

    /// Whether the body must be read to know the operation.
    package static func needsBody(_ method: HTTPRequest.Method) -> Bool {
        method == .post
    }

    /// Whether the fields say that the body has no content coding and is UTF-8 (RFC 8259 section 8.1).
    package static func isReadable(_ fields: HTTPFields) -> Bool {
        let codings = fields[values: .contentEncoding].flatMap { $0.split(separator: ",") }
        guard codings.allSatisfy({ $0.trimmed.lowercased() == "identity" }) else { return false }
        let parameters = fields[values: .contentType].flatMap { $0.split(separator: ";").dropFirst() }
        return parameters.allSatisfy { parameter in
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0].trimmed.lowercased().hasPrefix("charset") else { return true }
            let value = parts.count > 1 ? parts[1].trimmed.lowercased() : ""
            return parts[0].trimmed.utf8.count == 7
                && ["utf-8", "utf8", "us-ascii", "ascii"].contains(value.filter { $0 != "\"" })
        }
    }

    /// The operation of a request of this method, if it does not depend on the body; unknown otherwise.
    package static func operation(of method: HTTPRequest.Method) -> RequestOperation {
        switch method {
        case .get, .head: .mcp([.stream])
        case .delete: .mcp([.sessionEnd])
        default: .unknown
        }
    }

    /// The operation of a request whose body is not known, at a server that refuses fields that contradict it.
    package static func operation(ofFields request: HTTPRequest) -> RequestOperation {
        needsBody(request.method) ? MCPHeaders(request.headerFields).operation : operation(of: request.method)
    }

    package static func read(_ request: HTTPRequest, body: [UInt8]) -> Result {
        guard needsBody(request.method) else { return .operation(operation(of: request.method)) }
        var reader = MCPMessageReader(body: body)
        var isBatch = false
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(body, limits: limits)
            isBatch = cursor.kind == .array
            if isBatch {
                try cursor.array { cursor throws(JSONParsingError) in try reader.readMessage(&cursor) }
            } else {
                try reader.readMessage(&cursor)
            }
            try cursor.end()
        } catch {
            let place = "line \(error.line), column \(error.column)"
            return .refused(
                .malformedBody,
                Diagnosis("the body", expected: "JSON without duplicate members", found: "\(error.message) at \(place)")
            )
        }
        guard reader.count <= mostMessages else {
            let limit = "at most \(mostMessages) messages"
            return .refused(.batchTooLarge, Diagnosis("the body", expected: limit, found: "\(reader.count)"))
        }
        guard reader.count > 0, !reader.isInvalid else {
            let found = reader.count > 0 ? "another JSON value" : "an empty batch"
            return .refused(.invalidMessage, Diagnosis("the body", expected: "JSON-RPC messages", found: found))
        }
        guard !reader.isUnknown else { return .operation(.unknown) }
        let headers = MCPHeaders(request.headerFields)
        if let mismatch = headers.mismatch(with: reader.messages, isBatch: isBatch)
            ?? headers.mismatch(withVersions: reader.versions)
        {
            return .refused(.headerMismatch, mismatch)
        }
        return .operation(.mcp(reader.messages))
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        return start.lastIndex { $0 != " " && $0 != "\t" }.map { start[...$0] } ?? ""
    }
}
