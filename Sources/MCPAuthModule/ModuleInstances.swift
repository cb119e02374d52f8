// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthJSON

/// Creates and releases the instances of the Swift types of a module.
enum ModuleInstances {
    typealias Create =
        @convention(c) (
            UnsafePointer<mcp_auth_host>?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32
    /// Makes an instance; throws if the configuration has a mistake.
    typealias Maker = @Sendable (ModuleHost) throws -> any AnyObject & Sendable

    private static let makers = Lock<[Maker]>([])
    /// One function for each type, since a C function cannot know for which type it was made.
    private static let creators: [Create] = unsafe [
        { unsafe create(0, $0, $1, $2, $3) }, { unsafe create(1, $0, $1, $2, $3) },
        { unsafe create(2, $0, $1, $2, $3) }, { unsafe create(3, $0, $1, $2, $3) },
        { unsafe create(4, $0, $1, $2, $3) }, { unsafe create(5, $0, $1, $2, $3) },
        { unsafe create(6, $0, $1, $2, $3) }, { unsafe create(7, $0, $1, $2, $3) },
        { unsafe create(8, $0, $1, $2, $3) }, { unsafe create(9, $0, $1, $2, $3) },
        { unsafe create(10, $0, $1, $2, $3) }, { unsafe create(11, $0, $1, $2, $3) },
        { unsafe create(12, $0, $1, $2, $3) }, { unsafe create(13, $0, $1, $2, $3) },
        { unsafe create(14, $0, $1, $2, $3) }, { unsafe create(15, $0, $1, $2, $3) },
    ]

    /// The `create` of a type; `nil` for more types than there are functions.
    static func creator(_ make: @escaping Maker) -> Create? {
        let index = makers.withLock { makers in
            makers.append(make)
            return makers.count - 1
        }
        return unsafe creators.indices.contains(index) ? creators[index] : nil
    }

    private static func create(
        _ index: Int,
        _ table: UnsafePointer<mcp_auth_host>?,
        _ configuration: UnsafePointer<CChar>?,
        _ length: Int,
        _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 {
        guard let table = unsafe table, let place = unsafe place else { return 1 }
        let text = unsafe mcp_auth_bytes(data: configuration, length: length).bytes
        guard let written = try? JSON(parsing: text) else {
            // An empty configuration in its place could allow more than the operator wrote.
            unsafe ModuleHost(table, configuration: [:]).log(
                .error,
                "the host gave a configuration that is not valid JSON"
            )
            return 1
        }
        let host = unsafe ModuleHost(table, configuration: written)
        do {
            let made: any AnyObject = try makers.withLock { $0[index] }(host)
            unsafe place.pointee = Unmanaged.passRetained(made).toOpaque()
            return 0
        } catch let error as ModuleConfigurationError {
            host.log(.error, error.description)
        } catch {
            // Only the type: the text could contain a secret.
            host.log(
                .error,
                "its initializer threw an error of type \(type(of: error)), expected ModuleConfigurationError"
            )
        }
        return 1
    }

    /// The instance behind a pointer that `create` gave to the host.
    static func at<Instance: AnyObject>(_ pointer: UnsafeMutableRawPointer?, as type: Instance.Type) -> Instance? {
        unsafe pointer.map { unsafe Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() } as? Instance
    }

    /// Releases an instance: `destroy` of every type.
    static func release(_ pointer: UnsafeMutableRawPointer?) {
        if let pointer = unsafe pointer { unsafe Unmanaged<AnyObject>.fromOpaque(pointer).release() }
    }
}
