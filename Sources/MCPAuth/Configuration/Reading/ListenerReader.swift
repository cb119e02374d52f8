// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthSigning

/// Reads the members of `server` that say where the server listens, and what it answers there.
struct ListenerReader {
    let context: ReadingContext

    func settings(_ server: ObjectReader?) throws -> ServerSettings {
        guard let server else {
            return ServerSettings(listener: try Self.standard(ConfigurationGrammar.standardListener))
        }
        let listener =
            try Self.listener("listen", server) ?? Self.standard(ConfigurationGrammar.standardListener)
        var settings = ServerSettings(listener: listener)
        if let tls = try server.object("tls", allowing: ConfigurationGrammar.listenerTLS.keys) {
            settings.tls = ListenerTLS(
                certificate: context.path(try tls.required("certificate", try tls.string("certificate"))),
                privateKey: context.path(try tls.required("private_key", try tls.string("private_key"))),
                clientAuthorities: try tls.string("client_authorities").map(context.path)
            )
        }
        for (value, pointer) in try server.elements("forward_auth") ?? [] {
            let object = try server.document.object(
                value,
                at: pointer,
                allowing: ConfigurationGrammar.forwardAuth.keys
            )
            settings.forwardAuth.append(try forwardAuth(object))
        }
        if let object = try server.object("ext_authz", allowing: ConfigurationGrammar.extAuthz.keys) {
            settings.extAuthz = ExtAuthzSettings(
                try object.required("listen", try Self.listener("listen", object)),
                trustedProxies: try Self.ranges("trusted_proxies", object) ?? AddressRange.loopback,
                sendsBody: try object.boolean("sends_body") ?? false,
                passesToken: try object.boolean("pass_token") ?? false,
                ignoresCase: try object.boolean("ignore_case") ?? false
            )
        }
        if let object = try server.object("authzen", allowing: ConfigurationGrammar.authZEN.keys) {
            settings.authZEN = try authZEN(object)
        }
        let operation = OperationReader(context: context)
        settings.admin = try operation.admin(server)
        settings.decisionLog = try operation.decisionLog(server)
        settings.tracing = try operation.tracing(server)
        try Self.check(settings, server)
        if let identity = try server.object("identity", allowing: ConfigurationGrammar.identity.keys) {
            settings.identity = try self.identity(identity)
        }
        return settings
    }

    private static func standard(_ text: String) throws -> ConfigurationFile.Listener {
        guard let listener = ConfigurationFile.Listener(text) else {
            throw ConfigurationError(.invalidValue, "`\(text)` is not an address to listen on")
        }
        return listener
    }

    static func listener(_ key: String, _ object: ObjectReader) throws -> ConfigurationFile.Listener? {
        guard let text = try object.string(key) else { return nil }
        guard let listener = ConfigurationFile.Listener(text) else {
            let message = "`\(text.printable)` is not an address to listen on, expected host:port or unix:/path"
            throw object.error(.invalidValue, message, at: key)
        }
        return listener
    }

    private func forwardAuth(_ object: ObjectReader) throws -> ForwardAuthSettings {
        let proxy = try object.required("proxy", try object.word("proxy", as: ForwardAuthSettings.Proxy.self))
        let path = try object.string("path") ?? ConfigurationGrammar.standardVerifyPath
        guard path.hasPrefix("/"), path.count > 1, !path.hasSuffix("/"), RequestPath.canonical(path) == path else {
            let message = "`\(path.printable)` is not the path of a request, expected one such as `/verify`"
            throw object.error(.invalidValue, message, at: "path")
        }
        if proxy == .apache, try object.string("path") != nil {
            throw object.error(.conflict, "apache asks over FastCGI, which has no path", at: "path")
        }
        let sendsBody = try object.boolean("sends_body") ?? false
        guard !sendsBody || proxy.canSendBody else {
            let message = "`\(proxy.rawValue)` does not send bodies; envoy and traefik can"
            throw object.error(.conflict, message, at: "sends_body")
        }
        return ForwardAuthSettings(
            try object.required("listen", try Self.listener("listen", object)),
            proxy: proxy,
            path: path,
            trustedProxies: try Self.ranges("trusted_proxies", object) ?? AddressRange.loopback,
            sendsBody: sendsBody,
            ignoresCase: try object.boolean("ignore_case") ?? false
        )
    }

    private func authZEN(_ object: ObjectReader) throws -> AuthZENSettings {
        let url = try object.string("url")
        if let url, !AuthZENSettings.isIdentifier(url) {
            let message = "`\(url.printable)` is not an https URL without query, fragment and a slash at the end"
            throw object.error(.invalidValue, message, at: "url")
        }
        return AuthZENSettings(
            try object.required("listen", try Self.listener("listen", object)),
            trustedClients: try Self.ranges("trusted_clients", object) ?? AddressRange.loopback,
            token: try context.bearerSecret("token", object),
            url: url,
            ignoresCase: try object.boolean("ignore_case") ?? false
        )
    }

    /// Each address has one purpose; a second socket at the path of another one would take its place.
    private static func check(_ settings: ServerSettings, _ server: ObjectReader) throws {
        let others =
            settings.forwardAuth.map(\.listener)
            + [settings.extAuthz?.listener, settings.authZEN?.listener, settings.admin?.listener].compactMap { $0 }
        var seen: Set<ConfigurationFile.Listener> = [settings.listener]
        for listener in others where listener.port != 0 || listener.socketPath != nil {
            guard seen.insert(listener).inserted else {
                throw server.error(.duplicate, "`\(listener.description.printable)` is used twice to listen on")
            }
        }
    }

    private static func ranges(_ key: String, _ object: ObjectReader) throws -> [AddressRange]? {
        try object.strings(key)?.enumerated().map { index, text in
            guard let range = AddressRange(text) else {
                let message = "`\(text.printable)` is not a range of addresses, expected the form 10.0.0.0/8 or ::1"
                let place = object.pointer.appending(key).appending(String(index))
                throw object.document.error(.invalidValue, message, at: place)
            }
            return range
        }
    }

    private func identity(_ object: ObjectReader) throws -> IdentitySettings {
        var settings = IdentitySettings()
        if let prefix = try object.string("prefix") {
            guard Self.isFieldName(prefix), prefix.hasSuffix("-"), prefix.count > 1 else {
                let message =
                    "`\(prefix.printable)` cannot begin the names of fields, expected letters, digits and `-`, and `-` "
                    + "at the end"
                throw object.error(.invalidValue, message, at: "prefix")
            }
            settings.prefix = prefix
        }
        settings.assertion = try assertion(object)
        var names = Set((IdentitySettings.standardFields + [IdentitySettings.assertionField]).map { $0.lowercased() })
        for (field, value, pointer) in try object.dictionary("claims") {
            guard let claim = value.string else {
                throw object.document.error(.wrongType, "expected the name of a claim or a JSON Pointer", at: pointer)
            }
            guard Self.isFieldName(field), !field.hasSuffix("-") else {
                let message = "`\(field.printable)` cannot end the name of a field, expected letters, digits and `-`"
                throw object.document.error(.invalidValue, message, at: pointer)
            }
            guard !Self.reserved.contains((settings.prefix + field).lowercased()) else {
                let message = "the field `\(settings.prefix)\(field)` has another meaning"
                throw object.document.error(.conflict, message, at: pointer)
            }
            guard names.insert(field.lowercased()).inserted else {
                let message = "there is another field `\(settings.prefix)\(field)`"
                throw object.document.error(.conflict, message, at: pointer)
            }
            settings.claims.append(.init(field, claim))
        }
        return settings
    }

    private func assertion(_ identity: ObjectReader) throws -> AssertionSettings? {
        guard let object = try identity.object("assertion", allowing: ConfigurationGrammar.assertion.keys) else {
            return nil
        }
        guard let key = try? SigningKey(pem: try context.secret("key", object).bytes) else {
            let message =
                "the key cannot be used, expected unencrypted PEM of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519"
            throw object.error(.invalidValue, message, at: "key")
        }
        let issuer = try object.required("issuer", try object.string("issuer"))
        guard HTTPURL(issuer) != nil else {
            throw object.error(.invalidValue, "`\(issuer.printable)` is not an absolute URL", at: "issuer")
        }
        return AssertionSettings(
            key: key,
            issuer: issuer,
            audience: try object.string("audience"),
            seconds: Double(try object.integer(.assertionSeconds) ?? NumberSetting.assertionSeconds.standard)
        )
    }

    /// Fields that mean something in every response or request.
    private static let reserved: Set<String> = [
        "access-control-allow-origin", "cache-control", "content-encoding", "content-length", "content-type",
        "keep-alive",
        "proxy-authorization", "retry-after", "set-cookie", "transfer-encoding", "www-authenticate",
    ]

    /// Whether a text may be part of a name that no server takes for another one: `_` could stand for `-`.
    private static func isFieldName(_ text: String) -> Bool {
        !text.isEmpty && HTTPField.Name(text) != nil
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == UInt8(ascii: "-")
            }
    }
}
