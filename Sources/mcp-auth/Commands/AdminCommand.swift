// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import AsyncHTTPClient
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import NIOCore
internal import NIOHTTP1

/// `mcp-auth admin`: asks a running `mcp-auth serve` at its admin listener.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: "Ask or tell a running server something, at its admin listener.",
        subcommands: [
            Status.self, Ready.self, Decisions.self, Explain.self, Reload.self, Purge.self, Revoke.self,
        ]
    )
}

/// Where the admin listener is.
struct AdminOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file of the server, which says where its admin listener is.")
    var config: String?

    @Option(help: "The admin listener: unix:/path or host:port. A token is taken from MCP_AUTH_ADMIN_TOKEN.")
    var admin: String?

    func validate() throws {
        guard (config == nil) != (admin == nil) else { throw ValidationError("name one of --config and --admin") }
    }

    private func listener() throws -> ConfigurationFile.Listener {
        if let admin {
            guard let listener = ConfigurationFile.Listener(admin), listener.isOnThisMachine else {
                let message = "`\(admin)` is not an address of this machine, expected unix:/path or 127.0.0.1:port"
                throw ValidationError(message)
            }
            return listener
        }
        let path = config ?? ""
        guard let listener = try ConfigurationFile.adminListener(path: path) else {
            throw ConfigurationError(.missingKey, "`\(path.printable)` has no `server.admin`")
        }
        return listener
    }

    /// Sends a request; prints what is wrong and exits if the answer is not one of these.
    ///
    /// - Throws: The exit code 12 when there is no server, and 3 when it refuses.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        body: String? = nil,
        accepting accepted: Set<UInt> = [200]
    ) async throws
        -> JSON
    {
        let listener = try listener()
        let url =
            if let socketPath = listener.socketPath {
                "http+unix://"
                    + (socketPath.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socketPath) + path
            } else {
                "http://\(listener)\(path)"
            }
        var request = HTTPClientRequest(url: url)
        request.method = method
        // The host of such a URL is the path of the socket, which is not the name of a host.
        if listener.socketPath != nil { request.headers.add(name: "Host", value: "localhost") }
        if let token = Input.environment["MCP_AUTH_ADMIN_TOKEN"], listener.socketPath == nil {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let (status, answer): (HTTPResponseStatus, JSON)
        do { (status, answer) = try await Self.send(request) } catch {
            let message =
                "no answer from \(listener), expected the admin listener of a running `mcp-auth serve`: \(error)"
            Output.error("error: \(message.escaped)")
            throw ProgramExit.unavailable
        }
        guard accepted.contains(status.code) else {
            let code = answer["error"]?.string ?? "error"
            Output.error("\(code): \(answer["error_description"]?.string ?? "\(status)")".escaped)
            throw ProgramExit.invalid
        }
        return answer
    }

    private static func send(_ request: HTTPClientRequest) async throws -> (HTTPResponseStatus, JSON) {
        var configuration = HTTPClient.Configuration()
        // If nobody listens, there is no server, and trying again would only delay the answer.
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            let response = try await client.execute(request, timeout: .seconds(30))
            let bytes = Array(buffer: try await response.body.collect(upTo: 64 << 20))
            return (response.status, try JSON(parsing: bytes))
        }
    }
}

extension AdminCommand {
    /// `mcp-auth admin status`.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the configuration in force, issuers and caches."
        )
        @OptionGroup var options: AdminOptions

        func run() async throws { Output.json(try await options.ask(.GET, "/status")) }
    }

    /// `mcp-auth admin ready`.
    struct Ready: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether requests can be decided.",
            discussion: "The exit code is 12 if not. It fits a health check of a container."
        )
        @OptionGroup var options: AdminOptions

        func run() async throws {
            let answer = try await options.ask(.GET, "/readyz", accepting: [200, 503])
            Output.json(answer)
            if answer["status"] != "ready" { throw ProgramExit.unavailable }
        }
    }

    /// `mcp-auth admin decisions`.
    struct Decisions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the last decisions, one JSON object a line.")
        @OptionGroup var options: AdminOptions

        @Option(help: "The maximum number.")
        var limit = 20

        @Flag(help: "Only refused requests.")
        var refused = false

        @Flag(help: "Go on with new ones, until interrupted.")
        var follow = false

        func run() async throws {
            var seen: Set<String> = []
            repeat {
                let filter = refused ? "&decision=deny" : ""
                let answer = try await options.ask(.GET, "/decisions?limit=\(limit)\(filter)")
                let decisions = (answer["decisions"]?.elements ?? []).reversed()
                for decision in decisions where !seen.contains(decision["id"]?.string ?? "") {
                    Output.line(String(decoding: decision.encoded(), as: UTF8.self))
                }
                seen = Set(decisions.compactMap { $0["id"]?.string })
                if follow { try await Task.sleep(for: .seconds(1)) }
            } while follow
        }
    }

    /// `mcp-auth admin explain`.
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explain a decision from its id.",
            discussion: "A refused client gets the id in the field `Decision-Id`."
        )
        @OptionGroup var options: AdminOptions

        @Argument(help: "The id.")
        var id: String

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            guard let id = DecisionID(id) else {
                throw ValidationError("`\(id)` is not the id of a decision, expected 019ac1f2b3c4-5d6e7f8091a2b3c4")
            }
            let answer = try await options.ask(.GET, "/decisions/\(id)")
            guard !json else { return Output.json(answer) }
            Output.line((answer["explanation"]?.string ?? "").escaped)
            for (name, value) in (answer.members ?? [:]).sorted(by: { $0.key < $1.key }) where name != "explanation" {
                Output.line("  \(name): \((value.string ?? String(decoding: value.encoded(), as: UTF8.self)).escaped)")
            }
        }
    }

    /// `mcp-auth admin reload`.
    struct Reload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read the configuration again.")
        @OptionGroup var options: AdminOptions

        func run() async throws {
            let answer = try await options.ask(.POST, "/reload", accepting: [200, 422])
            if let mistakes = answer["refused_configuration"]?.elements {
                for mistake in mistakes { Output.error((mistake.string ?? "").escaped) }
                throw ProgramExit.invalid
            }
            Output.json(answer)
        }
    }

    /// `mcp-auth admin purge`.
    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Discard fetched keys and metadata, and the remembered tokens."
        )
        @OptionGroup var options: AdminOptions

        func run() async throws { Output.json(try await options.ask(.POST, "/purge")) }
    }

    /// `mcp-auth admin revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse tokens from now on, until the server is restarted.",
            discussion: """
                Tokens of the issuer that match everything that is named are refused. For revocations that outlive a \
                restart, write them into the file that `server.revocations` names.
                """
        )
        @OptionGroup var options: AdminOptions

        @Option(help: "The issuer of the tokens.")
        var issuer: String

        @Option(help: "Their `sub`.")
        var subject: String?

        @Option(help: "Their client.")
        var client: String?

        @Option(help: "Their `jti`.")
        var jti: String?

        @Option(help: "Only tokens issued before this time, in seconds since 1970.")
        var issuedBefore: Int64?

        func run() async throws {
            var members: [String: JSON] = ["issuer": .string(issuer)]
            members["sub"] = subject.map(JSON.string)
            members["client_id"] = client.map(JSON.string)
            members["jti"] = jti.map(JSON.string)
            members["issued_before"] = issuedBefore.map(JSON.integer)
            let body = String(decoding: JSON.object(members).encoded(), as: UTF8.self)
            Output.json(try await options.ask(.POST, "/revoke", body: body))
        }
    }
}
#endif
