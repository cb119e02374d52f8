// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP

/// What Envoy is told: `envoy.service.auth.v3.CheckResponse`.
package struct CheckResponse: Sendable {
    /// The encoded message.
    package let bytes: [UInt8]

    /// The request may pass, with these fields, and without those of the client.
    ///
    /// - Parameter metadata: The caller, for other filters of Envoy.
    static func allowed(
        _ fields: HTTPFields,
        removing removed: [String],
        metadata: [(name: String, value: String)]
    ) -> CheckResponse {
        var writer = ProtobufWriter()
        // Without a code, the status is OK.
        writer.message(1) { _ in }
        writer.message(3) { response in
            for field in fields { response.message(2) { write(field, in: &$0) } }
            for name in removed { response.text(name, 5) }
        }
        writer.message(4) { metadataStruct in
            for (name, value) in metadata {
                metadataStruct.message(1) { entry in
                    entry.text(name, 1)
                    entry.message(2) { $0.text(value, 3) }
                }
            }
        }
        return CheckResponse(bytes: writer.bytes)
    }

    /// The client gets this response.
    static func denied(_ response: RenderedResponse) -> CheckResponse {
        var writer = ProtobufWriter()
        let code: UInt64 = response.head.status == .unauthorized ? 16 : 7
        writer.message(1) { $0.number(code, 1) }
        writer.message(2) { denied in
            denied.message(1) { $0.number(UInt64(response.head.status.code), 1) }
            for field in response.head.headerFields { denied.message(2) { write(field, in: &$0) } }
            denied.bytes(response.body, 3)
        }
        return CheckResponse(bytes: writer.bytes)
    }

    /// A `HeaderValueOption` that replaces what the client sent, also with an empty value.
    private static func write(_ field: HTTPField, in option: inout ProtobufWriter) {
        option.message(1) { header in
            header.text(field.name.canonicalName, 1)
            header.text(field.value, 2)
        }
        // `append: false`, and OVERWRITE_IF_EXISTS_OR_ADD for versions that do not read it.
        option.message(2) { _ in }
        option.number(2, 3)
        option.number(1, 4)
    }
}
