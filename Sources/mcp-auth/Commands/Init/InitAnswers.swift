// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// What `mcp-auth init` asks for, in the order in which it asks.
enum InitQuestion: CaseIterable {
    case resource
    case provider
    case issuer
    case proxy
    case upstream
    case scopes
    case directory

    /// The option that answers it.
    var option: String {
        switch self {
        case .resource: "--resource"
        case .provider: "--provider"
        case .issuer: "--issuer"
        case .proxy: "--proxy"
        case .upstream: "--upstream"
        case .scopes: "--scope"
        case .directory: "--directory"
        }
    }

    var meaning: String {
        switch self {
        case .resource: "the URL that clients use, such as `https://mcp.example/mcp`"
        case .provider: "the provider profile of the authorization server"
        case .issuer: "the issuer identifier of the authorization server, such as `https://auth.example.com/`"
        case .proxy: "the proxy in front of the MCP server: \(InitProxy.list)"
        case .upstream: "the host and port of the MCP server behind the proxy, such as `127.0.0.1:9002`"
        case .scopes: "the scopes that every caller needs"
        case .directory: "the folder that is written to"
        }
    }
}

/// An answer that cannot be used: what is wrong, and what would be right.
struct WrongAnswer: Error, CustomStringConvertible {
    let description: String

    init(_ wrong: String, expected: String) {
        description = "\(wrong), expected \(expected)"
    }

    /// - Parameter mistake: What `mcp-auth check` would report, which says what would be right.
    init(_ mistake: ConfigurationError) {
        description = "\(mistake.code): \(mistake.message)"
    }
}

/// The answers so far, each valid by itself.
struct InitAnswers {
    var resource: ResourceIdentifier?
    var issuer: IssuerIdentifier?
    var provider: String?
    var proxy: InitProxy?
    var upstream: InitUpstream?
    var scopes: [String] = []
    var directory: String?
    let mayReplace: Bool

    init(mayReplace: Bool) {
        self.mayReplace = mayReplace
    }

    /// The questions without an answer, of those that need one.
    var missing: [InitQuestion] {
        InitQuestion.allCases.filter { question in
            switch question {
            case .resource: resource == nil
            case .issuer: issuer == nil
            case .proxy: proxy == nil
            case .upstream: upstream == nil && proxy != .noProxy
            case .directory: directory == nil
            case .provider, .scopes: false
            }
        }
    }

    /// Takes the answer to a question.
    mutating func read(_ text: String, as question: InitQuestion) throws(WrongAnswer) {
        switch question {
        case .resource: resource = try Self.resource(text)
        case .provider: provider = try Self.provider(text)
        case .issuer: issuer = try Self.issuer(text, provider: provider)
        case .proxy: proxy = try Self.proxy(text)
        case .upstream: upstream = try InitUpstream(text)
        case .scopes: try add(scopes: text.split(separator: " ").map(String.init))
        case .directory: directory = try folder(text)
        }
    }

    private static func resource(_ text: String) throws(WrongAnswer) -> ResourceIdentifier {
        guard let url = HTTPURL(text), let resource = ResourceIdentifier(valid: text) else {
            let expected = "an absolute URL without fragment, such as `https://mcp.example/mcp`"
            throw WrongAnswer("`\(text.printable)` is not the URL of a resource", expected: expected)
        }
        guard url.isSecure else {
            let wrong = "`\(text.printable)` is plain http, which shows tokens to everybody on the way"
            throw WrongAnswer(wrong, expected: "https, or http on this machine")
        }
        try trial(resource: text, AuthorizationServer(issuer: "https://issuer.example/", discovery: .oidc))
        return resource
    }

    private static func provider(_ text: String) throws(WrongAnswer) -> String {
        let names = ProviderProfile.names
        guard names.contains(where: text.isExactly) else {
            let suggestion = Suggestion.text(for: text, among: names)
            let wrong = "no provider profile is named `\(text.printable)`\(suggestion)"
            throw WrongAnswer(wrong, expected: "one of " + names.joined(separator: ", "))
        }
        guard !openProviders.contains(text) else { throw tokensForEverybody(text) }
        return text
    }

    /// The providers whose notes forbid a policy for every caller with a token, which is all that can be written here.
    private static let openProviders = ["github-actions", "google"]

    private static func tokensForEverybody(_ provider: String) -> WrongAnswer {
        let wrong =
            "everybody can get a token of `\(provider)` for this resource, so its policy must name the callers (see "
            + "`mcp-auth provider profiles \(provider)`)"
        return WrongAnswer(wrong, expected: "another issuer, or files that are written by hand")
    }

    private static func issuer(_ text: String, provider: String?) throws(WrongAnswer) -> IssuerIdentifier {
        let profile = provider.flatMap { try? ProviderProfile.named($0) }
        let form = profile.map { "one of the form `\($0.issuerForm)`" } ?? "one such as `https://auth.example.com/`"
        guard let url = HTTPURL(text), url.query == nil else {
            let wrong = "`\(text.printable)` is not an issuer identifier: it must be a URL without query and fragment"
            throw WrongAnswer(wrong, expected: form)
        }
        guard url.isSecure else {
            let wrong = "`\(text.printable)` is plain http, so that others on the way could replace its keys"
            throw WrongAnswer(wrong, expected: "https, or http on this machine")
        }
        for name in openProviders {
            let form = (try? ProviderProfile.named(name))?.issuerForm
            guard form.flatMap(HTTPURL.init) != url else { throw tokensForEverybody(name) }
        }
        var server = AuthorizationServer(issuer: IssuerIdentifier(text), discovery: .oidc)
        profile?.apply(to: &server)
        try trial(resource: "https://resource.example/", server)
        return server.issuer
    }

    private static func proxy(_ text: String) throws(WrongAnswer) -> InitProxy {
        guard let proxy = InitProxy(rawValue: text) else {
            let suggestion = Suggestion.text(for: text, among: InitProxy.allCases.map(\.rawValue))
            throw WrongAnswer("`\(text.printable)` is not supported\(suggestion)", expected: "one of \(InitProxy.list)")
        }
        return proxy
    }

    private mutating func add(scopes added: [String]) throws(WrongAnswer) {
        if let wrong = added.first(where: { !ScopeSet.isScopeToken($0) }) {
            let expected = "visible ASCII characters without `\"` and `\\`"
            throw WrongAnswer("`\(wrong.printable)` is not a scope", expected: expected)
        }
        scopes = ScopeSet(scopes + added).values
    }

    private func folder(_ text: String) throws(WrongAnswer) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 != 0 }) else {
            throw WrongAnswer("the name of the folder is empty", expected: "a folder such as `mcp-auth`")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: text)
        guard attributes?[.type] as? FileAttributeType != .typeRegular else {
            throw WrongAnswer("`\(text.printable)` is a file", expected: "a folder, which need not exist")
        }
        var path = text
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        // A path that begins with a hyphen would be an option of the commands that follow.
        if path.hasPrefix("-") { path = "./" + path }
        if !mayReplace, NewFiles.exists(path + "/" + InitPlan.configurationName) {
            let wrong = "`\(path.printable)` has a \(InitPlan.configurationName) already"
            throw WrongAnswer(wrong, expected: "another folder, or --force to replace its files")
        }
        return path
    }

    /// Builds the engine as a server would, so that an answer is judged by the rules of the configuration.
    private static func trial(resource: String, _ server: AuthorizationServer) throws(WrongAnswer) {
        let mistake: ConfigurationError?
        do {
            let resource = try ResourceConfiguration(resource, authorizationServers: [server])
            let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [resource], onEvent: { _ in }))
            mistake = mcpAuth.findings.first { !$0.code.isWarning }
        } catch {
            mistake = error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")
        }
        if let mistake { throw WrongAnswer(mistake) }
    }
}
#endif
