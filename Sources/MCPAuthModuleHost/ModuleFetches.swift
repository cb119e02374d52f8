// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// The requests that an instance of a module may send: only to hosts that the operator lists, by the rules of the engine.
final class ModuleFetches: Sendable {
    /// What a module asks for, copied.
    struct Request: Sendable {
        let url: String
        let method: String
        let body: [UInt8]
        let fields: [(name: String, value: String)]
        let milliseconds: Int64
        let maximumBytes: Int64
    }

    static let mostURLBytes = 8192
    static let mostMethodBytes = 16
    static let mostNameBytes = 256
    static let mostValueBytes = 16_384
    /// The maximum bytes of a request body.
    static let mostBodyBytes = 64 * 1024
    static let mostFields = 32
    /// The maximum number of requests of one call at the same time.
    static let mostAtOnce = 4
    private static let mostResponseBytes = 512 * 1024

    let hosts: Set<String>
    private let sender = Lock<(any HTTPFetcher)?>(nil)

    /// - Parameter hosts: The hosts, each with a port if it is not that of the scheme.
    init(hosts: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() })
    }

    /// Sets what sends the requests; before that, none can be sent.
    func use(_ fetcher: any HTTPFetcher) {
        sender.withLock { $0 = fetcher }
    }

    var fetcher: (any HTTPFetcher)? { sender.withLock { $0 } }

    struct Refusal: Error {
        let reason: String
    }

    /// The request, checked.
    ///
    /// - Parameter timeLeft: The seconds that the call has left.
    func request(_ request: Request, timeLeft: Double) throws(Refusal) -> FetchRequest {
        guard let url = HTTPURL(request.url) else { throw Refusal(reason: "a fetch has no valid URL") }
        guard hosts.contains(url.authority.lowercased()) else {
            throw Refusal(reason: "a fetch from `\(url.authority.printable)` is not allowed: `hosts` does not list it")
        }
        guard ["", "GET", "POST"].contains(request.method) else {
            throw Refusal(reason: "a fetch has the method `\(request.method.printable)`, expected GET or POST")
        }
        guard request.method == "POST" || request.body.isEmpty else {
            throw Refusal(reason: "a fetch is a GET with a body, which only a POST may have")
        }
        var fields = HTTPFields()
        for (name, value) in request.fields {
            guard let field = HTTPField.Name(name), HTTPField.isValidValue(value) else {
                throw Refusal(reason: "a fetch has a field that is not valid: `\(name.printable)`")
            }
            guard !Self.ownFields.contains(field) else {
                throw Refusal(reason: "a fetch sets the field `\(name.printable)`, which the host sets itself")
            }
            fields[field] = value
        }
        let seconds = request.milliseconds > 0 ? min(timeLeft, Double(request.milliseconds) / 1000) : timeLeft
        let bytes = request.maximumBytes > 0 ? min(request.maximumBytes, Int64(Self.mostResponseBytes)) : nil
        let (accept, authorization) = (fields[.accept], fields[.authorization])
        fields[.accept] = nil
        fields[.authorization] = nil
        return FetchRequest(
            url: url,
            provenance: .configured,
            accept: accept ?? "application/json",
            authorization: authorization,
            form: request.method == "POST" ? request.body : nil,
            fields: fields,
            maximumBytes: bytes.map(Int.init) ?? Self.mostResponseBytes,
            timeout: seconds
        )
    }

    /// What the client of the engine sets.
    private static let ownFields = Set(
        [
            "host", "content-length", "connection", "transfer-encoding", "accept-encoding", "te", "upgrade", "expect",
            "user-agent", "proxy-authorization",
        ].compactMap { HTTPField.Name($0) }
    )
}
