// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthJSON

/// What a verifier of a module is told about a request.
struct ModuleRequest: Sendable {
    /// The texts in the order of ``Place``.
    private(set) var texts = JoinedBytes()
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
        texts.append(resource)
        texts.append(token)
        for text in ["Bearer", issuer, method, url] { texts.append(text.utf8) }
        texts.append(operation)
        for field in fields {
            texts.append(field.name.utf8)
            texts.append(field.value.utf8)
        }
    }

    /// A request of another process, with its texts; `nil` if they are not those of a request.
    init?(texts: JoinedBytes) {
        let fieldTexts = texts.count - Place.firstField.rawValue
        guard fieldTexts >= 0, fieldTexts % 2 == 0 else { return nil }
        fieldCount = fieldTexts / 2
        self.texts = texts
    }

    /// Passes the request to C; the pointer is valid only during `body`.
    func withC(deadline: Int64, millisecondsLeft: Int64, _ body: (UnsafePointer<mcp_auth_request>) -> Void) {
        unsafe texts.withParts { part in
            func text(_ place: Place, _ offset: Int = 0) -> mcp_auth_bytes {
                unsafe mcp_auth_bytes(part(place.rawValue + offset))
            }
            let fields = unsafe (0..<fieldCount).map { index in
                unsafe mcp_auth_field(name: text(.firstField, 2 * index), value: text(.firstField, 2 * index + 1))
            }
            unsafe fields.withUnsafeBufferPointer { fields in
                var request = unsafe mcp_auth_request(
                    struct_size: UInt32(MemoryLayout<mcp_auth_request>.size),
                    field_count: UInt32(fieldCount),
                    resource: text(.resource),
                    token: text(.token),
                    scheme: text(.scheme),
                    unverified_issuer: text(.issuer),
                    method: text(.method),
                    url: text(.url),
                    operation_json: text(.operation),
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
