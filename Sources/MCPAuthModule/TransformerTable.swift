// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
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

    private static let types = Lock<[any ModuleTransformer.Type]>([])
    private static let creators: [VerifierTable.Create] = unsafe [
        { unsafe create(0, $0, $1, $2, $3) }, { unsafe create(1, $0, $1, $2, $3) },
        { unsafe create(2, $0, $1, $2, $3) }, { unsafe create(3, $0, $1, $2, $3) },
        { unsafe create(4, $0, $1, $2, $3) }, { unsafe create(5, $0, $1, $2, $3) },
        { unsafe create(6, $0, $1, $2, $3) }, { unsafe create(7, $0, $1, $2, $3) },
    ]

    /// `nil` for more types than there are functions.
    static func make(_ type: any ModuleTransformer.Type) -> UnsafePointer<mcp_auth_transformer>? {
        let index = types.withLock { types in
            types.append(type)
            return types.count - 1
        }
        guard unsafe creators.indices.contains(index) else { return nil }
        return unsafe SwiftModule.permanent([
            mcp_auth_transformer(
                struct_size: UInt32(MemoryLayout<mcp_auth_transformer>.size),
                reserved: 0,
                name: SwiftModule.text(type.moduleName),
                config_schema_json: SwiftModule.text(type.configurationSchema),
                create: creators[index],
                destroy: { if let pointer = unsafe $0 { unsafe Unmanaged<Instance>.fromOpaque(pointer).release() } },
                transform: { unsafe TransformerTable.transform($0, $1, $2, $3) },
                validate: nil
            )
        ])
    }

    private static func create(
        _ index: Int,
        _ host: UnsafePointer<mcp_auth_host>?,
        _ configuration: UnsafePointer<CChar>?,
        _ length: Int,
        _ instance: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 {
        let type = types.withLock { $0[index] }
        let made = unsafe SwiftModule.instance(host, configuration, length) { Instance(try type.init($0)) }
        guard let made, let instance = unsafe instance else { return 1 }
        unsafe instance.pointee = Unmanaged.passRetained(made).toOpaque()
        return 0
    }

    fileprivate static func transform(
        _ instance: UnsafeMutableRawPointer?,
        _ claims: UnsafePointer<mcp_auth_claims>?,
        _ result: UnsafeMutableRawPointer?,
        _ give: (@convention(c) (UnsafeMutableRawPointer?, mcp_auth_bytes) -> Void)?
    ) -> Int32 {
        guard let instance = unsafe instance, let claims = unsafe claims, let give = unsafe give else { return 1 }
        let transformer = unsafe Unmanaged<Instance>.fromOpaque(instance).takeUnretainedValue().transformer
        guard let document = unsafe try? JSONDocument(parsing: claims.pointee.claims_json.bytes, limits: .token),
            case .object(let members) = JSON(document.root),
            let transformed = unsafe try? transformer.transform(
                members,
                of: IssuerIdentifier(claims.pointee.issuer.text)
            )
        else { return 1 }
        unsafe JSON.object(transformed).encodedExactly().withUnsafeBytes { unsafe give(result, mcp_auth_bytes($0)) }
        return 0
    }
}
