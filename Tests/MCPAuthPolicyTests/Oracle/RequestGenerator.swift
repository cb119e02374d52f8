// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import MCPAuthPolicyTools

extension PolicyGenerator {
    private typealias Words = PolicyVocabulary

    /// One request with a token whose claims are often missing or of a wrong type.
    ///
    /// Or without a token.
    mutating func request() -> NaiveRequest {
        var request = requestWithToken()
        if random.chance(15) { PolicyMutation.removeToken(from: &request) }
        return request
    }

    private mutating func requestWithToken() -> NaiveRequest {
        let client = random.chance(80) ? random.pick(Words.clients) : nil
        let subject = random.chance(75) ? "alice" : random.pick([nil, client])
        let issuer = random.pick(Words.issuers)
        let grantable = random.chance(25) ? random.some(Words.scopes, most: 5) : nil
        let scopes = (random.chance(15) ? [] : random.some(Words.scopes, most: 4)).filter {
            grantable?.contains($0) ?? true
        }
        var raw: [String: JSON] = ["iss": .string(issuer)]
        raw["sub"] = subject.map(JSON.string)
        raw["client_id"] = client.map(JSON.string)
        for claim in Words.claims { add(claim, to: &raw) }
        // As if a transformer had changed one claim, so that `claim` and `raw_claim` differ.
        var claims = raw
        if random.chance(40) {
            let changed = random.pick(Words.claims)
            claims[Self.topLevelName(of: changed)] = nil
            add(changed, to: &claims)
        }
        claims["scope"] = .array(scopes.map(JSON.string))
        raw["scope"] = .string(scopes.joined(separator: " "))
        let operation = operation()
        let (method, path) = httpRequest(carrying: operation)
        return NaiveRequest(
            claims: .object(claims),
            rawClaims: .object(raw),
            issuer: issuer,
            subject: subject,
            clientID: client,
            scopes: scopes,
            grantable: grantable,
            method: method,
            path: path,
            ignoresCase: random.chance(20),
            operation: operation,
            now: Double(Words.now),
            hasProof: random.chance(50)
        )
    }

    /// The top-level member that contains this claim.
    private static func topLevelName(of claim: PolicyVocabulary.Claim) -> String {
        claim.pointer == "/realm/roles" ? "realm" : String(claim.pointer.dropFirst())
    }

    private mutating func add(_ claim: PolicyVocabulary.Claim, to claims: inout [String: JSON]) {
        if random.chance(20) { return }
        let value = random.pick(random.chance(85) ? claim.values : Words.anything)
        let name = Self.topLevelName(of: claim)
        claims[name] = name == "realm" && random.chance(90) ? ["roles": value] : value
    }

    private mutating func operation() -> RequestOperation {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: .http
        case 25..<35: .unknown
        case 35..<80: .mcp([message()])
        default: .mcp((0..<Int.random(in: 2...3, using: &random)).map { _ in message() })
        }
    }

    private mutating func message() -> MCPMessage {
        if random.chance(10) { return random.pick([.response, .stream, .sessionEnd]) }
        let method = random.pick(Words.mcpMethods)
        let names: [String]? =
            switch method {
            case "tools/call": Words.tools
            case "prompts/get": Words.prompts
            case "resources/read", "resources/subscribe": Words.uris
            case "tasks/get": ["create_note"]
            default: nil
            }
        let name = names.flatMap { random.chance(5) ? nil : random.pick($0) }
        let hasArguments = ["tools/call", "prompts/get"].contains(method) && random.chance(85)
        return .call(method: method, name: name, arguments: hasArguments ? arguments() : nil)
    }

    private mutating func arguments() -> MCPArguments {
        var members: [String: JSON] = [:]
        for claim in Words.claims { add(claim, to: &members) }
        let text = JSON.object(members).encoded()
        return MCPArguments(text, at: 0..<text.count)
    }

    private mutating func httpRequest(carrying operation: RequestOperation) -> (method: String, path: String) {
        let path = random.pick(Words.paths)
        return switch operation {
        case .http: (random.pick(Words.httpMethods), path)
        case .mcp([.stream]): ("GET", path)
        case .mcp([.sessionEnd]): ("DELETE", path)
        case .mcp, .unknown: ("POST", path)
        }
    }
}
