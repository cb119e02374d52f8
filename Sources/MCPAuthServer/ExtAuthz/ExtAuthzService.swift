// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import GRPCCore

/// The gRPC method that Envoy calls.
struct ExtAuthzService: RegistrableRPCService {
    let endpoint: ExtAuthzEndpoint

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: "envoy.service.auth.v3.Authorization", method: "Check"),
            deserializer: CheckDecoding(),
            serializer: CheckEncoding()
        ) { [endpoint] request, context in
            let message = try await ServerRequest(stream: request).message
            let address = Self.address(context.remotePeer)
            let response = await endpoint.response(to: message, from: address)
            return StreamingServerResponse(single: ServerResponse(message: response))
        }
    }

    /// The address in `ipv4:127.0.0.1:4711` or `ipv6:[::1]:4711`; `nil` for a unix socket.
    ///
    /// Anything else is a text that no range contains.
    static func address(_ peer: String) -> String? {
        if peer.hasPrefix("unix:") { return nil }
        guard let end = peer.lastIndex(of: ":"), let start = peer.firstIndex(of: ":"), start < end else { return peer }
        return peer[peer.index(after: start)..<end].filter { $0 != "[" && $0 != "]" }
    }
}

/// Reads a message; `nil` if it is not a `CheckRequest`, which the endpoint refuses.
private struct CheckDecoding: MessageDeserializer {
    func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> CheckRequest? {
        try? unsafe CheckRequest(bytes.withUnsafeBytes { unsafe Array($0) })
    }
}

private struct CheckEncoding: MessageSerializer {
    func serialize<Buffer: GRPCContiguousBytes>(_ message: CheckResponse) throws -> Buffer { Buffer(message.bytes) }
}
#endif
