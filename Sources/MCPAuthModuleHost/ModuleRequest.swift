// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule

/// What a verifier of a module is told about a request.
struct ModuleRequest: Sendable {
    /// The texts in the order of ``Place``, one after the other, so that one pointer serves all.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private let fieldCount: Int

    /// Texts of a request, in the order in which they are stored.
    private enum Place: Int {
        case resource, token, scheme, issuer, method, url, operation, firstField
    }

    /// - Parameters:
    ///   - issuer: The unverified issuer of a JWT; empty if it is not known.
    ///   - method: Empty for a pure verifier, as are the following.
    init(
        resource: [UInt8],
        token: [UInt8],
        issuer: String = "",
        method: String = "",
        url: String = "",
        operation: [UInt8] = [],
        fields: [(name: String, value: String)] = []
    ) {
        fieldCount = fields.count
        bytes.reserveCapacity(resource.count + token.count + 256)
        add(resource)
        add(token)
        add("Bearer".utf8)
        add(issuer.utf8)
        add(method.utf8)
        add(url.utf8)
        add(operation)
        for field in fields {
            add(field.name.utf8)
            add(field.value.utf8)
        }
    }

    private mutating func add(_ text: some Collection<UInt8>) {
        bytes += text
        ends.append(bytes.count)
    }

    /// Passes the request to C; the pointer is valid only during `body`.
    func withC(deadline: Int64, millisecondsLeft: Int64, _ body: (UnsafePointer<mcp_auth_request>) -> Void) {
        unsafe bytes.withUnsafeBytes { bytes in
            func text(_ index: Int) -> mcp_auth_bytes {
                let start = index == 0 ? 0 : ends[index - 1]
                return unsafe mcp_auth_bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<ends[index]]))
            }
            let first = Place.firstField.rawValue
            let fields = unsafe (0..<fieldCount).map { index in
                unsafe mcp_auth_field(name: text(first + 2 * index), value: text(first + 2 * index + 1))
            }
            unsafe fields.withUnsafeBufferPointer { fields in
                var request = unsafe mcp_auth_request(
                    struct_size: UInt32(MemoryLayout<mcp_auth_request>.size),
                    field_count: UInt32(fieldCount),
                    resource: text(Place.resource.rawValue),
                    token: text(Place.token.rawValue),
                    scheme: text(Place.scheme.rawValue),
                    unverified_issuer: text(Place.issuer.rawValue),
                    method: text(Place.method.rawValue),
                    url: text(Place.url.rawValue),
                    operation_json: text(Place.operation.rawValue),
                    fields: fields.baseAddress,
                    client_certificate: mcp_auth_bytes(),
                    proof_thumbprint: mcp_auth_bytes(),
                    deadline_unix_s: deadline,
                    time_left_ms: millisecondsLeft
                )
                unsafe body(&request)
            }
        }
    }
}
