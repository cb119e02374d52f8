// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthCore
internal import MCPAuthJSON

/// The C table of a Swift transformer.
enum TransformerTable {
    private final class Instance: Sendable {
        let transformer: any ModuleTransformer

        init(_ transformer: any ModuleTransformer) {
            self.transformer = transformer
        }
    }

    /// `nil` if the module has too many types.
    static func make(_ type: any ModuleTransformer.Type) -> UnsafePointer<mcp_auth_transformer>? {
        let create = unsafe ModuleInstances.creator { Instance(try type.init($0)) }
        guard let create = unsafe create else { return nil }
        return unsafe SwiftModule.permanent([
            mcp_auth_transformer(
                struct_size: UInt32(MemoryLayout<mcp_auth_transformer>.size),
                reserved: 0,
                name: SwiftModule.text(type.moduleName),
                config_schema_json: SwiftModule.text(type.configurationSchema),
                create: create,
                destroy: { unsafe ModuleInstances.release($0) },
                transform: { unsafe TransformerTable.transform($0, $1, $2, $3) },
                validate: nil
            )
        ])
    }

    fileprivate static func transform(
        _ pointer: UnsafeMutableRawPointer?,
        _ claims: UnsafePointer<mcp_auth_claims>?,
        _ result: UnsafeMutableRawPointer?,
        _ give: (@convention(c) (UnsafeMutableRawPointer?, mcp_auth_bytes) -> Void)?
    ) -> Int32 {
        guard let instance = unsafe ModuleInstances.at(pointer, as: Instance.self), let claims = unsafe claims,
            let give = unsafe give,
            let document = unsafe try? JSONDocument(parsing: claims.pointee.claims_json.bytes, limits: .token),
            case .object(let members) = JSON(document.root),
            let transformed = unsafe try? instance.transformer.transform(
                members,
                of: IssuerIdentifier(claims.pointee.issuer.text)
            )
        else { return 1 }
        unsafe JSON.object(transformed).encodedExactly().withUnsafeBytes { unsafe give(result, mcp_auth_bytes($0)) }
        return 0
    }
}
