// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
internal import NIOCore

/// The bytes of responses of HTTP/1.1 on their way to the client.
///
/// The memory of a small response is used again for the next one.
struct ResponseBytes {
    private var buffer = ByteBuffer()
    /// Whether the bytes in `buffer` were taken.
    private var isTaken = true

    private static let mostKeptBytes = 16 * 1024

    var isEmpty: Bool { isTaken || buffer.readableBytes == 0 }

    /// The bytes since the last call.
    mutating func take() -> ByteBuffer {
        begin()
        isTaken = true
        guard buffer.capacity <= Self.mostKeptBytes else {
            defer { buffer = ByteBuffer() }
            return buffer
        }
        return buffer
    }

    private mutating func begin() {
        guard isTaken else { return }
        isTaken = false
        // Allocates if the bytes before have not left yet.
        buffer.clear()
    }

    /// Appends a part of a body.
    mutating func append(_ body: ByteBuffer, _ framing: BodyFraming) {
        // A chunk without bytes would be the end.
        guard framing != .none, body.readableBytes > 0 else { return }
        begin()
        if framing == .chunked { buffer.writeString(String(body.readableBytes, radix: 16) + "\r\n") }
        buffer.writeImmutableBuffer(body)
        if framing == .chunked { buffer.writeStaticString("\r\n") }
    }

    /// Appends the end of a body.
    mutating func appendEnd(_ framing: BodyFraming) {
        guard framing == .chunked else { return }
        begin()
        buffer.writeStaticString("0\r\n\r\n")
    }

    /// Appends a status line and fields (RFC 9112 section 2.1).
    ///
    /// - Parameter closesConnection: Whether the connection is closed after the response.
    /// - Returns: Whether the response says that, also if a handler says it; and how its body is framed.
    mutating func append(
        _ head: HTTPResponse,
        to form: RequestForm,
        closesConnection: Bool
    ) -> (closesConnection: Bool, framing: BodyFraming) {
        begin()
        let status = String(head.status.code)
        let reason = head.status.reasonPhrase
        var closesConnection = closesConnection
        var hasLength = false
        // With room for the fixed texts.
        var size = 80 + status.utf8.count + reason.utf8.count
        for field in head.headerFields {
            size += field.name.rawName.utf8.count + 2 + field.value.utf8.count + 2
            if field.name == .contentLength { hasLength = true }
            if field.name == .connection { closesConnection = true }
        }
        let framing = BodyFraming(of: head, hasLength: hasLength, to: form)
        if framing == .connection { closesConnection = true }
        // In one piece: writing each part alone takes three times as long.
        _ = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            var count = 0
            func put(_ text: String) {
                // Checks that the text fits.
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyBytes(from: text.utf8)
                count += text.utf8.count
            }
            put("HTTP/1.1 ")
            put(status)
            put(" ")
            put(reason)
            for field in head.headerFields where field.name != .connection && field.name != .transferEncoding {
                put("\r\n")
                put(field.name.rawName)
                put(": ")
                put(field.value)
            }
            if framing == .chunked { put("\r\nTransfer-Encoding: chunked") }
            put(closesConnection ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n")
            return count
        }
        return (closesConnection, framing)
    }
}

/// How the end of the body of a response is shown (RFC 9112 section 6.3).
enum BodyFraming {
    /// The response has no body, whatever its fields say.
    case none
    case length
    case chunked
    /// By the end of the connection, for clients of HTTP/1.0.
    case connection

    init(of head: HTTPResponse, hasLength: Bool, to form: RequestForm) {
        let status = head.status
        let isEmpty = status.kind == .informational || status == .noContent || status == .notModified
        if form.isHead || isEmpty {
            self = .none
        } else if hasLength {
            self = .length
        } else {
            self = form.isHTTP10 ? .connection : .chunked
        }
    }
}

/// What the framing of a response depends on in its request.
struct RequestForm {
    var isHead = false
    var isHTTP10 = false
}
#endif
