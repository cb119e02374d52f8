// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// `mcp-auth-dev token`: asks a running development issuer for a token.
struct DevTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Get a token from a running development authorization server (`mcp-auth-dev issuer` or `demo`).",
        discussion: """
            The options set the subject, resource and scopes of the token. A --claim replaces a standard claim of the \
            same name, which also makes tokens that a resource server must refuse: --claim exp=0.
            """
    )

    @Option(help: "The issuer identifier; http://127.0.0.1:8900 by default.", transform: Self.issuer)
    var issuer = "http://127.0.0.1:8900"

    @Option(help: "The scopes, separated by spaces; by default all that the issuer offers.")
    var scope: String?

    @Option(help: "The resource identifier: the audience of the token.")
    var resource: String

    @Option(help: "The subject: the person whom the token is for.")
    var sub = "alice"

    @Option(
        name: .customLong("claim"),
        help: ArgumentHelp("A claim and its value as JSON; may be repeated.", valueName: "name=json"),
        transform: Self.claim
    )
    var claims: [Claim] = []

    @Option(
        help: ArgumentHelp("When the person signed in: seconds since 1970, now, or now-SECONDS.", valueName: "time"),
        transform: Self.time
    )
    var authTime: Int64?

    @Option(help: "How the person signed in.")
    var acr: String?

    /// A claim of the token in addition to the standard ones.
    struct Claim {
        let name: String
        let value: JSON
    }

    func validate() throws {
        var names: Set<String> = []
        for name in extraClaims.map(\.name) where !names.insert(name).inserted {
            throw ValidationError("the claim `\(name.printable)` is given twice")
        }
    }

    func run() async throws {
        var asked: [String: JSON] = ["resource": .string(resource), "sub": .string(sub)]
        asked["scope"] = scope.map(JSON.string)
        if !extraClaims.isEmpty {
            asked["claims"] = .object(Dictionary(extraClaims.map { ($0.name, $0.value) }) { first, _ in first })
        }
        let request = JSON.object(asked)
        let answer = try await DemoClient.use { try await $0.post("\(issuer)/_dev/token", json: request) }
        if let error = answer.body?["error"]?.string, error != "not_found" {
            let reason = answer.body?["error_description"]?.string.map { ": \($0)" } ?? ""
            throw CommandFailure(ProgramExit.refused, "\(issuer) refuses: \(error.printable)\(reason.escaped)")
        }
        guard let token = answer.body?["access_token"]?.string else {
            let advice = "start one with `mcp-auth-dev issuer`, and name it with --issuer"
            let message = "\(issuer) is not a development authorization server (status \(answer.status)); \(advice)"
            throw CommandFailure(ProgramExit.refused, message)
        }
        Output.line(token.escaped)
    }

    private var extraClaims: [Claim] {
        var all = claims
        if let authTime { all.append(Claim(name: "auth_time", value: .integer(authTime))) }
        if let acr { all.append(Claim(name: "acr", value: .string(acr))) }
        return all
    }

    private static func issuer(_ text: String) throws -> String {
        guard let url = HTTPURL(text), url.isLoopback, url.query == nil else {
            throw ValidationError("expected the URL of an issuer on this machine, such as http://127.0.0.1:8900")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func claim(_ text: String) throws -> Claim {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("expected NAME=JSON, as in 'groups=[\"staff\"]'")
        }
        guard let value = try? JSONDocument(parsing: Array(parts[1].utf8), limits: .file).root else {
            let (name, text) = (parts[0].printable, parts[1].printable)
            throw ValidationError("`\(text)` is not JSON; a string needs double quotes, as in '\(name)=\"\(text)\"'")
        }
        return Claim(name: parts[0], value: JSON(value))
    }

    private static func time(_ text: String) throws -> Int64 {
        if let seconds = Int64(text), seconds >= 0 { return seconds }
        let now = Int64(NumericDate.now().secondsSinceEpoch)
        if text == "now" { return now }
        if text.hasPrefix("now-"), let ago = Int64(text.dropFirst(4)), (0...now).contains(ago) { return now - ago }
        throw ValidationError("expected seconds since 1970, `now`, or `now-600` for ten minutes ago")
    }
}
#endif
