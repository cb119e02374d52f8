// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if GRPC
public import GRPCCore
internal import HTTPTypes
public import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP

/// Lets only authorized RPCs reach the services of a grpc-swift server.
///
/// The method is the operation: policies name it by the path `/package.Service/Method`. The token comes from the metadata
/// `authorization: Bearer …`. A service reads the caller from `AuthInfo.current`, also while it streams.
///
/// A refused RPC ends with a gRPC status, and its trailers carry the fields an HTTP client would get:
///
/// | HTTP | gRPC status | trailers |
/// |---|---|---|
/// | 401 | `UNAUTHENTICATED` | `www-authenticate` |
/// | 403 | `PERMISSION_DENIED` | `www-authenticate` where a scope or a better sign-in would help |
/// | 404 | `NOT_FOUND` | |
/// | 413, 431 | `RESOURCE_EXHAUSTED` | |
/// | 503 | `UNAVAILABLE` | `retry-after` in seconds, `grpc-retry-pushback-ms` |
/// | other | `INVALID_ARGUMENT` | |
///
/// When the token of its caller is no longer accepted, a streaming RPC ends with `UNAUTHENTICATED`. A revocation does not end
/// it; the next RPC of that caller is refused.
///
/// Not checked: the authority. grpc-swift does not tell it to interceptors, so one interceptor protects one resource.
///
/// ```swift
/// let interceptor = try AuthorizationInterceptor(mcpAuth, resource: "https://api.example.com")
/// let server = GRPCServer(transport: transport, services: [service], interceptors: [interceptor])
/// ```
public struct AuthorizationInterceptor: ServerInterceptor {
    private let requestGuard: RequestGuard

    /// Protects the services of one resource.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine.
    ///   - resource: The resource identifier. The resource must not speak MCP, since MCP is not carried over gRPC.
    ///   - audience: The audiences a token may name here; those of the resource when empty.
    ///   - requiredScopes: Scopes needed here in addition to what the policy of the resource requires.
    /// - Throws: `ConfigurationError` when there is no such resource, or it speaks MCP.
    public init(_ mcpAuth: MCPAuth, resource: String, audience: [String] = [], requiredScopes: [String] = []) throws {
        requestGuard = try mcpAuth.requestGuard(resource: resource, audience: audience, requiredScopes: requiredScopes)
        guard try !mcpAuth.protectedResource(resource).speaksMCP else {
            throw ConfigurationError(
                .invalidValue,
                "resource `\(resource)` speaks MCP; a resource that is served with gRPC needs `\"protocol\": \"http\"`"
            )
        }
    }

    /// Checks an RPC, and runs the service only if it is allowed.
    public func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>,
        context: ServerContext,
        next:
            @Sendable @concurrent (StreamingServerRequest<Input>, ServerContext) async throws
            -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        switch await requestGuard.check(HTTPRequest(request.metadata, context.descriptor), body: { _ in .bytes([]) }) {
        case .respond(let response, _):
            return StreamingServerResponse(error: RPCError(response))
        case .proceed(let authInfo):
            let life = ResponseLife(of: authInfo)
            var request = request
            request.messages = RPCAsyncSequence(wrapping: request.messages.map { try life.passing($0) })
            let authorized = request
            var response = try await withoutActuallyEscaping(next) { next in
                try await life.bounding(context) {
                    try await AuthInfo.$current.withValue(authInfo) { try await next(authorized, context) }
                }
            }
            response.accepted = response.accepted.map { contents in
                var contents = contents
                let produce = contents.producer
                contents.producer = { writer in
                    let limited = RPCWriter(wrapping: LimitedWriter(writer: writer, life: life))
                    return try await life.bounding(context) {
                        try await AuthInfo.$current.withValue(authInfo) { try await produce(limited) }
                    }
                }
                return contents
            }
            return response
        }
    }
}

extension ResponseLife {
    private static let over = RPCError(code: .unauthenticated, message: "the access token is no longer accepted")

    /// The message, unless the token is no longer accepted.
    fileprivate func passing<Message>(_ message: Message) throws -> Message {
        if isOver { throw Self.over }
        return message
    }

    /// Runs `work`, and cancels it and the RPC when the token is no longer accepted.
    ///
    /// Services of grpc-swift watch the cancellation of the RPC, which is not that of a task.
    fileprivate func bounding<Result: Sendable>(
        _ context: ServerContext,
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard hasEnd else { return try await work() }
        if isOver { throw Self.over }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                guard await self.waitUntilOver() else { return nil }
                context.cancellation.cancel()
                throw Self.over
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }
}

/// Writes nothing after the token is no longer accepted.
private struct LimitedWriter<Message: Sendable>: RPCWriterProtocol {
    let writer: RPCWriter<Message>
    let life: ResponseLife

    func write(_ message: Message) async throws {
        try await writer.write(try life.passing(message))
    }

    func write(contentsOf messages: some Sequence<Message>) async throws {
        for message in messages { try await write(message) }
    }
}

extension HTTPRequest {
    /// The RPC as the HTTP request that carries it (gRPC over HTTP/2, "Requests").
    fileprivate init(_ metadata: Metadata, _ method: MethodDescriptor) {
        self.init(method: .post, scheme: nil, authority: nil, path: "/" + method.fullyQualifiedMethod)
        for (key, value) in metadata {
            // A binary value is not a header field, but one under `authorization` must count as a second credential.
            guard let name = HTTPField.Name(key) else { continue }
            headerFields.append(HTTPField(name: name, value: value.encoded()))
        }
    }
}

extension RPCError {
    fileprivate init(_ response: RenderedResponse) {
        let (code, message) = Self.status(response.head.status.code)
        var trailers: Metadata = [:]
        if let challenge = response.head.headerFields[.wwwAuthenticate] {
            trailers.addString(challenge, forKey: "www-authenticate")
        }
        if let seconds = response.head.headerFields[.retryAfter] {
            trailers.addString(seconds, forKey: "retry-after")
            // What gRPC clients with a retry policy obey (gRFC A6).
            if let seconds = Int(seconds) {
                trailers.addString(String(min(seconds, 86_400) * 1000), forKey: "grpc-retry-pushback-ms")
            }
        }
        self.init(code: code, message: message, metadata: trailers)
    }

    private static func status(_ status: Int) -> (Code, String) {
        switch status {
        case 401: (.unauthenticated, "a valid access token is needed")
        case 403: (.permissionDenied, "the caller may not do this")
        case 404: (.notFound, "there is no such resource")
        case 413, 431: (.resourceExhausted, "the request is too large")
        case 503: (.unavailable, "the access token cannot be checked now")
        default: (.invalidArgument, "the request is malformed")
        }
    }
}
#endif
